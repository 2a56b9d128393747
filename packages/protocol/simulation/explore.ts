import { findCircle } from "./circle.js";
import { brokenAtTheEnd, brokenBetween, brokenIn, brokenWhenCalm } from "./invariants.js";
import { keyOf } from "./key.js";
import { type Move, movesOf } from "./moves.js";
import type { Scenario } from "./scenario.js";
import { type Invariant, type Machines, Turn, type Violation, type Witness } from "./turn.js";
import { firstWorld, type World } from "./world.js";

export interface Counterexample extends Violation {
  /** From the first world, one line for each move. */
  readonly schedule: readonly string[];
}

export interface Exploration {
  readonly worlds: number;
  readonly moves: number;
  /** Worlds in which nothing has to happen any more. */
  readonly ends: number;
  /** The longest schedule without a detour, in moves. */
  readonly depth: number;
  readonly counterexample?: Counterexample;
}

export interface Options {
  readonly witness?: Witness;
  /** Beyond this many worlds the exploration stops, and has found a breach of INV-5. Default: 5,000,000. */
  readonly worldsMax?: number;
  /** Called for every move that leads to another world. */
  readonly onMove?: (from: number, to: number, move: Move, after: World) => void;
  /** Called for every world, with what may happen in it. */
  readonly onWorld?: (index: number, world: World, moves: readonly Move[]) => void;
}

export const labelOf = (move: Move): string => `g${move.who + 1}: ${move.what}`;

/** Makes a move: the world after it, and what it breaks. */
export function make(before: World, move: Move, scenario: Scenario, machines: Machines, witness?: Witness) {
  const turn = new Turn(before, scenario, machines, witness);
  move.make(turn);
  const excused = move.excused === true;
  const violations = [
    ...turn.violations,
    ...brokenBetween(before, turn.world, excused),
    ...brokenIn(turn.world),
  ];
  return { world: turn.world, violations };
}

/** Every world that can be reached, breadth first, until a promise is broken: by the shortest schedule that breaks one. */
export function explore(scenario: Scenario, machines: Machines, options: Options = {}): Exploration {
  const { witness, worldsMax = 5_000_000, onMove, onWorld } = options;
  const start = firstWorld(scenario);
  const indexes = new Map<string, number>([[keyOf(start), 0]]);
  const cameFrom: number[] = [-1];
  const cameBy: string[] = [""];
  // Edges, for the search for circles: those of world i end at edgeEnds[i].
  const edges: number[] = [];
  const edgeEnds: number[] = [];
  let frontier: { index: number; world: World }[] = [{ index: 0, world: start }];
  let depth = 0;
  let made = 0;
  let ends = 0;

  const scheduleTo = (index: number, ...last: string[]): string[] => {
    const lines: string[] = [];
    for (let at = index; at > 0; at = cameFrom[at]!) lines.push(cameBy[at]!);
    return [...lines.reverse(), ...last];
  };
  const result = (counterexample?: Counterexample): Exploration => ({
    worlds: indexes.size,
    moves: made,
    ends,
    depth,
    ...(counterexample === undefined ? {} : { counterexample }),
  });

  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const { index, world } of frontier) {
      const moves = movesOf(world, scenario, machines);
      onWorld?.(index, world, moves);
      let must = 0;
      for (const move of moves) {
        const after = make(world, move, scenario, machines, witness);
        made += 1;
        const broken = after.violations[0];
        if (broken !== undefined) return result({ ...broken, schedule: scheduleTo(index, labelOf(move)) });
        const key = keyOf(after.world);
        let to = indexes.get(key);
        if (to === undefined) {
          to = indexes.size;
          if (to >= worldsMax) {
            const why = `more than ${worldsMax} worlds: it does not seem to end`;
            return result({ invariant: "INV-5", why, schedule: scheduleTo(index, labelOf(move)) });
          }
          indexes.set(key, to);
          cameFrom.push(index);
          cameBy.push(labelOf(move));
          next.push({ index: to, world: after.world });
        }
        // A move that leads nowhere does not help anybody out of a wait.
        if (to === index) continue;
        if (move.kind === "must") must += 1;
        edges.push(to);
        onMove?.(index, to, move, after.world);
      }
      edgeEnds.push(edges.length);
      if (must > 0) continue;
      ends += 1;
      const broken = [...brokenAtTheEnd(world, scenario), ...brokenWhenCalm(world, scenario)][0];
      if (broken !== undefined) return result({ ...broken, schedule: scheduleTo(index) });
    }
    frontier = next;
    if (next.length > 0) depth += 1;
  }
  const firstEdge = (from: number) => (from === 0 ? 0 : edgeEnds[from - 1]!);
  const edgeAt = (from: number, n: number) =>
    firstEdge(from) + n < edgeEnds[from]! ? edges[firstEdge(from) + n] : undefined;
  const onCircle = findCircle(indexes.size, [0], edgeAt);
  if (onCircle === undefined) return result();
  const invariant: Invariant = "INV-5";
  return result({
    invariant,
    why: "the same world comes back: it never ends",
    schedule: scheduleTo(onCircle),
  });
}
