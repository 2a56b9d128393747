import { findCircle } from "./circle.js";
import { explore, make } from "./explore.js";
import { brokenAtTheEnd, brokenWhenCalm } from "./invariants.js";
import { keyOf } from "./key.js";
import { movesOf } from "./moves.js";
import type { Scenario } from "./scenario.js";
import type { Machines, Violation, Witness } from "./turn.js";
import { lives, type World } from "./world.js";

const sides = ["parent", "child"] as const;

/** What a mutant does in one scenario. `endless`: it leads to more worlds than were allowed, and broke nothing in them. */
export type Verdict = Violation | "endless" | undefined;

/**
 * What the tables lead to in a scenario, worked out once for many mutants. A mutant goes the same ways, but for the worlds
 * in which it takes a cell that was changed: only those, and the new worlds behind them, are explored for it.
 */
export class Ground {
  private readonly worlds: World[] = [];
  private readonly depths: number[] = [0];
  private readonly indexes = new Map<string, number>();
  private readonly ends: number[][] = [];
  /** The worlds in which a move takes a cell, or in which a process is in a state: "parent serving". */
  private readonly where = new Map<string, Set<number>>();

  constructor(
    readonly scenario: Scenario,
    private readonly machines: Machines,
    witness?: Witness,
  ) {
    const { counterexample } = explore(scenario, machines, {
      witness: (side, state, event, facts) => {
        witness?.(side, state, event, facts);
        this.note(`${side} ${state} ${event}`);
      },
      onWorld: (index, world) => {
        this.indexes.set(keyOf(world), index);
        this.worlds.push(world);
        this.ends.push([]);
        for (const side of sides) {
          for (const process of world.processes) {
            if (lives(process)) this.note(`${side} ${process[side].state}`);
          }
        }
      },
      onMove: (from, to) => {
        this.ends[from]!.push(to);
        this.depths[to] ??= this.depths[from]! + 1;
      },
    });
    if (counterexample !== undefined) throw new Error(`${scenario.name} breaks ${counterexample.invariant}`);
  }

  get size(): number {
    return this.worlds.length;
  }

  private note(what: string): void {
    const found = this.where.get(what) ?? new Set();
    found.add(this.worlds.length - 1);
    this.where.set(what, found);
  }

  /** Looks for a promise that the mutant breaks, in about the order in which a whole exploration would. */
  hunt(mutant: Machines, worldsMax = 100_000): Verdict {
    const different = new Set<number>();
    for (const what of differences(this.machines, mutant)) {
      for (const index of this.where.get(what) ?? []) different.add(index);
    }
    const worlds: World[] = [];
    const indexes = new Map<string, number>();
    const edges = new Map<number, number[]>();
    const levels: { index: number; world: World }[][] = [];
    const put = (depth: number, index: number, world: World) => {
      levels[depth] ??= [];
      levels[depth].push({ index, world });
    };
    for (const index of different) put(this.depths[index]!, index, this.worlds[index]!);
    for (let depth = 0; depth < levels.length; depth++) {
      for (const { index, world } of levels[depth] ?? []) {
        const ends: number[] = [];
        edges.set(index, ends);
        let must = 0;
        for (const move of movesOf(world, this.scenario, mutant)) {
          const after = make(world, move, this.scenario, mutant);
          if (after.violations[0] !== undefined) return after.violations[0];
          const key = keyOf(after.world);
          let to = this.indexes.get(key) ?? indexes.get(key);
          if (to === undefined) {
            to = this.worlds.length + worlds.length;
            if (worlds.length >= worldsMax) return "endless";
            indexes.set(key, to);
            worlds.push(after.world);
            put(depth + 1, to, after.world);
          }
          if (to === index) continue;
          if (move.kind === "must") must += 1;
          ends.push(to);
        }
        if (must > 0) continue;
        const broken = [...brokenAtTheEnd(world, this.scenario), ...brokenWhenCalm(world, this.scenario)][0];
        if (broken !== undefined) return broken;
      }
    }
    const circle = findCircle(
      this.worlds.length + worlds.length,
      different,
      (from, n) => (edges.get(from) ?? this.ends[from])![n],
    );
    if (circle === undefined) return undefined;
    return { invariant: "INV-5", why: "the same world comes back: it never ends" };
  }
}

/** What a mutant changes: cells, by name, and states whose deadline is another one. */
function* differences(machines: Machines, mutant: Machines): Generator<string> {
  for (const side of sides) {
    const table = (of: Machines): Readonly<Record<string, Readonly<Record<string, unknown>>>> =>
      of[side].table;
    const deadlines = (of: Machines): Readonly<Record<string, unknown>> => of[side].deadlines;
    for (const [state, cells] of Object.entries(table(machines))) {
      const changed = table(mutant)[state]!;
      if (changed !== cells) {
        for (const event of new Set([...Object.keys(cells), ...Object.keys(changed)])) {
          if (changed[event] !== cells[event]) yield `${side} ${state} ${event}`;
        }
      }
      if (deadlines(machines)[state] !== deadlines(mutant)[state]) yield `${side} ${state}`;
    }
  }
}
