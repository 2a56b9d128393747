import type { Turn } from "./cell.js";
import { ENDING_KINDS, type Kind } from "./kind.js";
import { MOMENT_NAMES, type MomentName } from "./moment.js";

/** Who may own the service once everything has settled. */
export interface Expectation {
  /** The parent serves on; the child does; or a generation after it, because a further handoff was asked for. */
  readonly owners: readonly ("parent" | "child" | "later")[];
  /** Whether nobody is left: every process was struck, or the service was told to end. */
  readonly ends: "must" | "may" | "no";
}

const only = (...owners: Expectation["owners"]): Expectation => ({ owners, ends: "no" });

/** What the promises say about a fault. Where two outcomes keep them, both are allowed. */
export function expectationOf(turn: Turn): Expectation {
  const { victim, moment, kind } = turn;
  if (moment === "boot") return only(...(BOOT[kind] ?? (["parent", "child"] as const)));
  if (victim === "both") return { owners: [], ends: "must" };
  if (kind === "exitWhenStopped") return { owners: [], ends: "must" };
  if (kind === "exitWhenAsked") return only("child");
  if (ENDING_KINDS.has(kind)) return victim === "parent" ? parentEnds(turn) : only("parent");
  if (kind === "sigterm") {
    // The owner is told to end the service, and does; a child that is not owner yet only ends the handoff.
    const mustEnd = victim === "parent" ? !LEAVING.has(moment) : CHILD_OWNS.has(moment);
    return { owners: mustEnd ? [] : ["parent", "child"], ends: mustEnd ? "must" : "may" };
  }
  if (kind === "secondSighup" || kind === "sighupStorm") {
    // A process that has not asked for its signals yet is ended by them, as any program: the handoff fails.
    if (victim === "child" && moment === "accepted") return only("parent", "child", "later");
    // One that leaves has nothing to hand over any more. Everybody else sees to it that a further handoff follows.
    return victim === "parent" && LEAVING.has(moment) ? only("child", "later") : only("later");
  }
  // Of a child that left the channel its parent learns no more, and ends it.
  if (kind === "stopForever" || kind === "closedChannel") return only("parent");
  // Who has said that it is owner is not ended for standing still, nor for noise.
  if (BEARABLE.has(kind) && victim === "child" && hasSaid(turn)) return only("child");
  // A batch that was refused is tried again, and who stopped for a moment is waited for.
  if (kind === "emfileBatch" || kind === "stopShort") return only("child");
  // Nor is a parent waited for beyond the commit deadline, if it has not committed.
  if (kind === "stopLong" && victim === "parent" && isAwaited(turn)) return only("parent");
  return only("parent", "child");
}

/** Whether the parent serves on in any case: its child is struck, which has not said that it is ready. */
export const servesOn = ({ victim, moment, side }: Turn): boolean =>
  victim === "child" && (BOOTS.has(moment) || (moment === "ready" && side === "before"));

const BOOTS = new Set<string>(MOMENT_NAMES.slice(0, MOMENT_NAMES.indexOf("ready")));
const BEARABLE = new Set<Kind>(["stopLong", "busyLoop", "garbageFrame", "halfFrame", "oversizedFrame"]);
const fromOn = (first: MomentName) => new Set<string>(MOMENT_NAMES.slice(MOMENT_NAMES.indexOf(first)));
const CHILD_OWNS = fromOn("commitReceived");
const PARENT_KNOWS = fromOn("draining");

/** Whether the child had said that it is owner. */
const hasSaid = ({ moment, side }: Turn): boolean =>
  PARENT_KNOWS.has(moment) || (moment === "committed" && side === "after");

/** Whether the child has said that it is ready, or is about to, and its parent has not written commit. */
const isAwaited = ({ moment, side }: Turn): boolean =>
  moment === "ready" || moment === "parked" || (moment === "commitSent" && side === "before");

const LEAVING = new Set<string>(["lastConnection", "exiting"] satisfies MomentName[]);

function parentEnds({ moment, side, kind }: Turn): Expectation {
  if (moment === "random") return { owners: ["child"], ends: "may" };
  if (moment !== "spawned" || side === "after") return only("child");
  // Nobody has been spawned yet. What is thrown in a subscriber surfaces after the step, which spawns.
  if (kind === "exception" || kind === "rejection") return { owners: ["child"], ends: "may" };
  return { owners: [], ends: "must" };
}

const BOOT: Partial<Record<Turn["kind"], Expectation["owners"]>> = {
  neverReady: ["parent"],
  slowBoot: ["child"],
  newerParent: ["parent"],
  newerChild: ["parent"],
  overlappingVersions: ["child"],
  wrongListener: ["parent"],
  emfileParent: ["parent"],
  emfileChild: ["parent", "child"],
  executableMissing: ["parent"],
  scriptBroken: ["parent"],
  // Asked for twice, once in vain.
  askedWhileFailing: ["child"],
  releaseSwitched: ["child"],
  slowRetirement: ["parent"],
  failedRetirement: ["parent"],
  refusedState: ["parent"],
  failedExport: ["parent"],
  stuckClient: ["child"],
  fullDisk: ["child"],
  controlBlocked: ["child"],
  none: ["child"],
};

/** Where the parent gives its child up, which is there to hear so. */
export const GIVES_UP: ReadonlySet<Kind> = new Set<Kind>([
  "neverReady",
  "slowRetirement",
  "failedRetirement",
  "failedExport",
]);

/** Which reason a parent gives for a handoff that failed. */
export const REASONS: Partial<Record<Kind, string>> = {
  neverReady: "DEADLINE_EXPIRED",
  newerParent: "VERSION_UNSUPPORTED",
  newerChild: "VERSION_UNSUPPORTED",
  wrongListener: "CHILD_FAILED",
  emfileParent: "SPAWN_FAILED",
  executableMissing: "SPAWN_FAILED",
  scriptBroken: "CHILD_EXITED",
  slowRetirement: "DEADLINE_EXPIRED",
  failedRetirement: "HOOK_FAILED",
  refusedState: "STATE_REFUSED",
  failedExport: "HOOK_FAILED",
};
