import type { ParentState } from "../src/parent/state.js";
import type { Scenario } from "./scenario.js";
import type { Violation } from "./turn.js";
import { believesOwner, isHeir, isSurvivor, lives, type Process, type World } from "./world.js";

/** More than one side ever writes before the other has read. */
const queueMax = 12;

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
  if (count(believesOwner) > 1)
    found.push({ invariant: "INV-3", why: "two generations believe to be owner" });
  if (count((p) => lives(p) && p.exclusive) > 1) {
    found.push({ invariant: "INV-3", why: "two generations do exclusive work" });
  }
  if (world.processes.some(isSurvivor) && !world.processes.some((p) => lives(p) && p.holding)) {
    found.push({ invariant: "INV-1", why: "a survivor is there, and nobody holds the listeners" });
  }
  if (world.channels.some(({ down, up }) => down.length > queueMax || up.length > queueMax)) {
    found.push({ invariant: "INV-5", why: "a channel fills without an end" });
  }
  for (const [i, process] of world.processes.entries()) {
    if (!lives(process) || process.todo.length > 0) continue;
    const over = world.channels[i]?.over === true;
    found.push(...brokenAtRest(process), ...brokenTowardsChild(process, world.processes[i + 1], over));
    found.push(...brokenInConnection(world, i));
  }
  return found;
}

/** Which states wait for a child, and which for the exit of one that was sent SIGKILL. */
const withChild = new Set<ParentState>([
  "offering",
  "preparing",
  "parking",
  "transferring",
  "committing",
  "draining",
  "aborting",
]);
const withDoomed = new Set<ParentState>(["ending", "fencing"]);

/** A parent that rests knows how its child is. */
function brokenTowardsChild(
  { parent, spawn }: Process,
  child: Process | undefined,
  over: boolean,
): Violation[] {
  const { state } = parent;
  if (spawn !== "idle") return [];
  if ((withChild.has(state) || withDoomed.has(state)) && (child === undefined || child.life === "absent")) {
    return [{ invariant: "INV-5", why: `${state}, and there is no child` }];
  }
  if (child?.life === "absent" || child === undefined) return [];
  if (over && withChild.has(state) && state !== "aborting") {
    return [{ invariant: "INV-5", why: `${state}, as if its handoff had not failed` }];
  }
  if (child.doomed && withChild.has(state)) {
    return [{ invariant: "INV-5", why: `${state}, and its child was sent SIGKILL` }];
  }
  if (withDoomed.has(state) && child.life !== "dead" && !child.doomed) {
    return [{ invariant: "INV-5", why: `${state}, and its child was never sent SIGKILL` }];
  }
  if ((state === "serving" || state === "stopping") && child.life === "live") {
    return [{ invariant: "INV-3", why: `${state}, and a child lives` }];
  }
  return [];
}

/** What holds in a process whose effects are all executed. */
function brokenAtRest(process: Process): Violation[] {
  if (process.newest > 0) {
    return [{ invariant: "INV-5", why: "keeps from the generations before it that a later one is owner" }];
  }
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
      if (!process.holding || process.leaving) return [];
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
  if (excused || after.ended || !before.processes.some(isSurvivor) || after.processes.some(isSurvivor))
    return [];
  return [{ invariant: "INV-2", why: "the last generation that could serve leaves of itself" }];
}

/** What holds where nothing has to happen any more: everything that began has ended. */
export function brokenAtTheEnd(world: World, scenario: Scenario): Violation[] {
  const found: Violation[] = [];
  world.processes.forEach((process, i) => {
    if (process.life === "live" && !waitsForGood(process, world.processes[i - 1], scenario)) {
      found.push(...brokenInTheLast(process));
    }
  });
  found.push(...waitingClients(world));
  const spent = (["hangs", "garbage", "closings"] as const).some((b) => world[b] < scenario[b]);
  if (world.ended && !spent && scenario.drains && world.processes.some(({ life }) => life === "live")) {
    found.push({ invariant: "INV-5", why: "the service was told to end, and did not" });
  }
  return found;
}

/** What holds for the connection that is followed, in a process whose effects are all executed. */
function brokenInConnection({ connection, channels }: World, i: number): Violation[] {
  if (connection === undefined) return [];
  const copy = connection.copies[i];
  if (connection.owing[i]) return [{ invariant: "INV-4", why: "a batch is never answered" }];
  if (copy === "paused")
    return [{ invariant: "INV-4", why: "a connection is paused, and neither moved nor kept" }];
  if (copy === "adopted" && channels[i - 1]?.deathSeen) {
    return [{ invariant: "INV-4", why: "the parent is dead, and what it moved is not read" }];
  }
  return [];
}

/** A connection that nobody reads from waits for somebody who is awake. */
function waitingClients({ connection, processes }: World): Violation[] {
  if (connection === undefined) return [];
  const hangs = (i: number) => processes[i]?.life === "hung";
  return connection.copies.flatMap((copy, i) => {
    if (copy === "none" || copy === "reading" || processes[i]?.life !== "live") return [];
    if (hangs(i - 1) || hangs(i + 1)) return [];
    return [{ invariant: "INV-4" as const, why: `a client waits for ever: its connection is ${copy}` }];
  });
}

/** The only waits that nobody bounds, and why that is right. */
function waitsForGood(process: Process, above: Process | undefined, scenario: Scenario): boolean {
  const { child, parent } = process;
  switch (child.state) {
    // For its own application, and nobody else is there to give up on it.
    case "founding":
    case "orphaned":
      return !process.prepared;
    // For its own application; its parent will give up on it when it wakes.
    case "preparing":
      return above?.life === "hung";
    // Serves. Its parent could still come back: when it wakes, or when its connections have ended.
    case "succeeding":
      if (!process.accepting || process.asked) return false;
      return above?.life === "hung" || (!scenario.drains && above?.draining === true);
    default:
      return !scenario.drains && process.draining && process.connected && parent.state !== "left";
  }
}

function brokenInTheLast({ child, parent, accepting, told, surplus, report, asked }: Process): Violation[] {
  const found: Violation[] = [];
  if (child.facts.includes("requested") || parent.facts.includes("requested")) {
    found.push({ invariant: "INV-5", why: "a request is remembered that was served already" });
  }
  if (child.state !== "owner" || parent.state !== "serving") {
    const why = `waits for ever: ${child.state} as a child, ${parent.state} as a parent`;
    return [{ invariant: "INV-5", why }];
  }
  if (!accepting) found.push({ invariant: "INV-2", why: "nobody accepts, though the owner lives" });
  if (!told) found.push({ invariant: "INV-3", why: "the application does not know that it is owner" });
  if (surplus) found.push({ invariant: "INV-5", why: "sockets that nobody wants stay open" });
  if (report !== "none")
    found.push({ invariant: "INV-6", why: `a handoff ended without a report (${report})` });
  if (asked) {
    found.push({ invariant: "INV-5", why: "a handoff that was asked for has neither begun nor been denied" });
  }
  return found;
}

/** In a scenario in which nothing goes wrong every handoff that was asked for is completed. */
export function brokenWhenCalm(world: World, scenario: Scenario): Violation[] {
  const faults = scenario.crashes + scenario.hangs + scenario.garbage + scenario.closings;
  const troubles = faults + scenario.failures.length + scenario.terminations + scenario.deadlines.length;
  if (troubles > 0 || world.handoffs > 0) return [];
  const owners = world.processes.flatMap((process, i) => (believesOwner(process) ? [i] : []));
  if (!scenario.versionsMeet) {
    if (owners.length === 1 && owners[0] === 0) return [];
    return [{ invariant: "INV-7", why: "versions do not meet, and the parent does not serve on" }];
  }
  // Requests that meet are one: at least one handoff took place. With endless draining the last one must not wait for it.
  if (owners.length === 1 && owners[0]! > 0) return [];
  return [{ invariant: "INV-7", why: "nothing went wrong, and the handoff was not completed" }];
}
