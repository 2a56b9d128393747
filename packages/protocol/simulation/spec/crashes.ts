import { childRole } from "../../src/child/table.js";
import { parentRole } from "../../src/parent/table.js";
import { explore } from "../explore.js";
import { allDeadlines, type Scenario, scenario } from "../scenario.js";
import type { Machines } from "../turn.js";
import { believesOwner, isHeir, lives, type Process, type World } from "../world.js";
import { code, codes, generatedNote, markdownTable } from "./sources.js";

const machines: Machines = { parent: parentRole, child: childRole };

/** A crash that was explored: who died where, who was left, and every way in which it can end without another fault. */
interface Crash {
  readonly who: number;
  readonly before: World;
  readonly after: World;
  readonly outcomes: readonly string[];
}

/** Every crash of a scenario, with its ends: found by following each move from the crash on, until nothing has to happen. */
function crashesOf(on: Scenario): Crash[] {
  const worlds: World[] = [];
  const isEnd: boolean[] = [];
  const moves: { to: number; kind: string }[][] = [];
  const crashes: { who: number; from: number; to: number }[] = [];
  explore(on, machines, {
    onWorld: (index, world) => {
      worlds[index] = world;
      moves[index] = [];
      isEnd[index] = true;
    },
    onMove: (from, to, move) => {
      if (move.kind === "must") isEnd[from] = false;
      if (move.what === "crashes") crashes.push({ who: move.who, from, to });
      if (move.kind !== "fault" && move.what !== "handoffRequested")
        moves[from]!.push({ to, kind: move.kind });
    },
  });
  const known = new Map<number, ReadonlySet<string>>();
  const outcomesOf = (index: number): ReadonlySet<string> => {
    const found = known.get(index);
    if (found !== undefined) return found;
    const outcomes = new Set<string>(isEnd[index] ? [outcomeOf(worlds[index]!)] : []);
    for (const { to } of moves[index]!) for (const outcome of outcomesOf(to)) outcomes.add(outcome);
    known.set(index, outcomes);
    return outcomes;
  };
  return crashes.map(({ who, from, to }) => ({
    who,
    before: worlds[from]!,
    after: worlds[to]!,
    outcomes: [...outcomesOf(to)].toSorted(),
  }));
}

function outcomeOf(world: World): string {
  const awake = world.processes.flatMap((process, i) => (lives(process) ? [{ process, i }] : []));
  const owner = awake.find(({ process }) => believesOwner(process));
  if (owner !== undefined) return `generation ${owner.i + 1} serves`;
  const orphan = awake.find(({ process }) => isHeir(process));
  if (orphan !== undefined) return `generation ${orphan.i + 1} serves as soon as it is ready`;
  return "nobody is left";
}

/** Which state a process was in, and what it was about to do. */
function pointOf(process: Process, side: "parent" | "child"): [state: string, point: string] {
  const next = process.todo.find(({ role }) => role === side);
  return [process[side].state, next === undefined ? "" : `before ${code(next.effect)}`];
}

/** One line for each combination of the cells before the last two, with the others gathered. */
function gather(
  rows: readonly (readonly [key: readonly string[], state: string, outcomes: readonly string[]])[],
) {
  const lines = new Map<
    string,
    { key: readonly string[]; states: Set<string>; outcomes: readonly string[] }
  >();
  for (const [key, state, outcomes] of rows) {
    const id = JSON.stringify([key, outcomes]);
    const line = lines.get(id) ?? { key, states: new Set<string>(), outcomes };
    line.states.add(state);
    lines.set(id, line);
  }
  return [...lines.values()].map(({ key, states, outcomes }) => [
    ...key,
    codes([...states]),
    outcomes.join("; or "),
  ]);
}

const order = (role: { readonly table: object }) => Object.keys(role.table);

function parentDeaths(crashes: readonly Crash[]): string[][] {
  const rows = crashes
    .filter(({ who, after }) => who === 0 && lives(after.processes[1]))
    .map(({ before, after, outcomes }) => {
      const [state, point] = pointOf(before.processes[0]!, "parent");
      return [[code(state), point], after.processes[1]!.child.state, outcomes] as const;
    });
  return sorted(gather(rows), order(parentRole));
}

function childDeaths(crashes: readonly Crash[]): string[][] {
  const rows = crashes
    .filter(({ who, after }) => who === 1 && lives(after.processes[0]))
    .map(({ before, after, outcomes }) => {
      const [state, point] = pointOf(before.processes[1]!, "child");
      return [[code(state), point], after.processes[0]!.parent.state, outcomes] as const;
    });
  return sorted(gather(rows), order(childRole));
}

function middleDeaths(crashes: readonly Crash[]): string[][] {
  const rows = crashes
    .filter(({ who, after }) => who === 1 && lives(after.processes[0]) && lives(after.processes[2]))
    .map(({ before, after, outcomes }) => {
      const state = pointOf(before.processes[1]!, "parent").filter(Boolean);
      const above = code(after.processes[0]!.parent.state);
      return [[code(state[0]!), state[1] ?? "", above], after.processes[2]!.child.state, outcomes] as const;
    });
  return sorted(gather(rows), order(parentRole));
}

function sorted(rows: string[][], states: readonly string[]): string[][] {
  const rank = ([state, point]: string[]) => states.indexOf(state!.slice(1, -1)) * 2 + (point === "" ? 0 : 1);
  return rows.toSorted((a, b) => rank(a) - rank(b) || a.join().localeCompare(b.join()));
}

export function crashesText(): string {
  const two = crashesOf(scenario("crashes", { ...allDeadlines, crashes: 1, stateful: true }));
  const three = crashesOf(
    scenario("crashes in a chain", { ...allDeadlines, crashes: 1, generations: 3, handoffs: 2 }),
  );
  const points = "at this point";
  return `${generatedNote("an exploration of every crash")}

# Crashes

For every state, and for every effect that a side could have been about to execute, who dies and what the other side does: the
only ends that there are, whatever else is late, whichever deadline passes, and in whatever order. Generation 1 is the parent here,
generation 2 its child, generation 3 the child's child. An empty point means: with nothing left to execute,
or before the first effect of whatever came next, which is the same to everybody else. [Invariants](invariants.md)
says what all of these have in common; [states](states.md) has the rows by which it happens.

Two ends in one line are a race between the crash and what was under way already: both are right.

## The parent dies

What it had parked stays open in the child, which has held a descriptor of every listener since it was spawned. What waited in the
kernel's queue is served when the child accepts. "Nobody is left" stands where the child was leaving already, for a reason of its own
or of its parent's, or had been sent SIGKILL (\`ending\`, \`fencing\`), before its parent died.

${markdownTable(["the parent is", points, "the child is", "the end"], parentDeaths(two))}

## The child dies

Before commit the parent has gone on, or begins to accept again at once. After commit it waits for the exit, then accepts again.

${markdownTable(["the child is", points, "the parent is", "the end"], childDeaths(two))}

## The middle one of three dies

Its own parent still drains, its child is on its way. The middle one begins its handoff only when its parent has relinquished
(\`departing\`) or is about to exit (\`left\`): from then on the child is the only heir, and a middle one that dies after it has ended
its child dies alone.

${markdownTable(["the middle one is", points, "generation 1 is", "generation 3 is", "the end"], middleDeaths(three))}
`;
}
