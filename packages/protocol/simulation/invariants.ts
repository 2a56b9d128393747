import type { Scenario } from "./scenario.js";
import type { Violation } from "./turn.js";
import { believesOwner, isHeir, isSurvivor, lives, type Process, type World } from "./world.js";

/**
 * What holds in every world, whatever happened.
 * @see spec/v1/invariants.md
 */
export function brokenIn(world: World): Violation[] {
  const found: Violation[] = [];
  const count = (holds: (process: Process) => boolean) => world.processes.filter(holds).length;
  if (count((p) => lives(p) && p.accepting) > 1) {
    found.push({ invariant: "INV-3", why: "two generations accept" });
  }
  if (count(believesOwner) > 1) found.push({ invariant: "INV-3", why: "two generations believe to be owner" });
  if (count((p) => lives(p) && p.exclusive) > 1) {
    found.push({ invariant: "INV-3", why: "two generations do exclusive work" });
  }
  if (world.processes.some(isSurvivor) && !world.processes.some((p) => lives(p) && p.holding)) {
    found.push({ invariant: "INV-1", why: "a survivor is there, and nobody holds the listeners" });
  }
  for (const process of world.processes) {
    if (lives(process) && process.todo.length === 0) found.push(...brokenAtRest(process));
  }
  return found;
}

/** What holds in a process whose effects are all executed. */
function brokenAtRest(process: Process): Violation[] {
  if (isHeir(process) || process.child.state === "left") return brokenInHeir(process);
  const { state } = process.parent;
  switch (state) {
    case "serving":
    case "spawning":
    case "offering":
    case "preparing":
    case "aborting":
    case "ending":
      if (!process.accepting || !process.exclusive || process.draining) {
        return [{ invariant: "INV-6", why: `${state}, and does not serve as before the handoff` }];
      }
      return [];
    case "departing":
    case "stopping":
    case "left":
      if (!process.holding) return [];
      return [{ invariant: "INV-5", why: `${state}, and holds listeners that it can never use again` }];
    default:
      if (!process.accepting) return [];
      return [{ invariant: "INV-3", why: `accepts while ${state}` }];
  }
}

function brokenInHeir(process: Process): Violation[] {
  if (!process.accepting) return [];
  return [{ invariant: "INV-3", why: `accepts as a child that is ${process.child.state}` }];
}

/** What a move may not do: the last survivor leaves only by its death, by order, or because it could never serve. */
export function brokenBetween(before: World, after: World, excused: boolean): Violation[] {
  if (excused || after.ended || !before.processes.some(isSurvivor) || after.processes.some(isSurvivor)) return [];
  return [{ invariant: "INV-2", why: "the last generation that could serve leaves of itself" }];
}

/** What holds where nothing has to happen any more: everything that began has ended. */
export function brokenAtTheEnd(world: World, scenario: Scenario): Violation[] {
  const found: Violation[] = [];
  const awake = world.processes.filter((process) => process.life === "live");
  for (const process of awake) {
    const { child, parent } = process;
    // They wait for their own application, and nobody else is there to give up on it.
    if (child.state === "founding" || child.state === "orphaned") continue;
    if (child.state !== "owner" || parent.state !== "serving") {
      const invariant = "INV-5";
      found.push({ invariant, why: `waits for ever: ${child.state} as a child, ${parent.state} as a parent` });
      continue;
    }
    if (!process.accepting) found.push({ invariant: "INV-2", why: "nobody accepts, though the owner lives" });
    if (!process.told) found.push({ invariant: "INV-3", why: "the application does not know that it is owner" });
    if (process.surplus) found.push({ invariant: "INV-5", why: "sockets that nobody wants stay open" });
    if (process.report !== "none") {
      found.push({ invariant: "INV-6", why: `a handoff ended without a report (${process.report})` });
    }
    if (process.asked) {
      found.push({ invariant: "INV-5", why: "a handoff that was asked for has neither begun nor been denied" });
    }
  }
  const spent = (["crashes", "hangs", "garbage", "closings"] as const).some((b) => world[b] < scenario[b]);
  if (world.ended && !spent && awake.length > 0) {
    found.push({ invariant: "INV-5", why: "the service was told to end, and did not" });
  }
  return found;
}

/** In a scenario in which nothing goes wrong every handoff that was asked for is completed. */
export function brokenWhenCalm(world: World, scenario: Scenario): Violation[] {
  const faults = scenario.crashes + scenario.hangs + scenario.garbage + scenario.closings;
  const calm = faults + scenario.failures.length + scenario.terminations === 0 && !scenario.deadlines;
  if (!calm || world.handoffs > 0) return [];
  const living = world.processes.flatMap((process, i) => (lives(process) ? [i] : []));
  if (!scenario.versionsMeet) {
    if (living.length === 1 && living[0] === 0) return [];
    return [{ invariant: "INV-7", why: "versions do not meet, and the parent does not serve on alone" }];
  }
  if (living.length === 1 && living[0]! > 0) return [];
  return [{ invariant: "INV-7", why: "nothing went wrong, and the handoff was not completed" }];
}
