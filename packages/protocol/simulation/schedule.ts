import { labelOf, make } from "./explore.js";
import { brokenAtTheEnd, brokenWhenCalm } from "./invariants.js";
import { movesOf } from "./moves.js";
import { allDuties, type Duties, type Scenario, scenario } from "./scenario.js";
import type { Machines, Violation } from "./turn.js";
import { firstWorld, type World } from "./world.js";

/** A counterexample that was found once, kept as a file in schedules/. */
export interface Schedule {
  /** What goes wrong, in one sentence. */
  readonly name: string;
  readonly scenario: Partial<Omit<Scenario, "name" | "duties">>;
  /** What it goes wrong without: a duty of the runtime, or what a mutant takes away. */
  readonly without: { readonly duty: keyof Duties } | { readonly mutant: string };
  readonly violates: string;
  /** Who: what. */
  readonly moves: readonly string[];
}

export function scenarioOf(schedule: Schedule, withDuty: boolean): Scenario {
  const duties = "duty" in schedule.without ? { ...allDuties, [schedule.without.duty]: withDuty } : allDuties;
  return scenario(schedule.name, { ...schedule.scenario, duties });
}

export interface Replay {
  /** How many moves could be made. Fewer than there are: the next one does not exist here. */
  readonly made: number;
  readonly world: World;
  /** The first promise that a move breaks, or, after the last one, the end. */
  readonly violation?: Violation;
}

/** Follows a schedule as far as it goes. */
export function replay(lines: readonly string[], on: Scenario, machines: Machines): Replay {
  let world = firstWorld(on);
  for (const [made, line] of lines.entries()) {
    const move = movesOf(world, on, machines).find((candidate) => labelOf(candidate) === line);
    if (move === undefined) return { made, world };
    const after = make(world, move, on, machines);
    world = after.world;
    const [violation] = after.violations;
    if (violation !== undefined) return { made: made + 1, world, violation };
  }
  const ended = !movesOf(world, on, machines).some(({ kind }) => kind === "must");
  const [violation] = ended ? [...brokenAtTheEnd(world, on), ...brokenWhenCalm(world, on)] : [];
  return { made: lines.length, world, ...(violation === undefined ? {} : { violation }) };
}
