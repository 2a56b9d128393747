import { childrenOf, hasClosedAll, stateOf } from "../kernel/process.js";
import { type Accepted, accepted, outliving } from "../kernel/socket.js";
import { now } from "../now.js";
import type { Turn } from "../plan/cell.js";
import { ENDING_KINDS, HEARD_FIRST, POSTHUMOUS_KINDS } from "../plan/kind.js";
import type { Role } from "../plan/moment.js";
import { STOP_LONG_MS, STOP_SHORT_MS } from "../victim/deadlines.js";
import { eventually, pause } from "./clock.js";
import type { Service } from "./service.js";

export interface Present {
  readonly pid: number;
  readonly role: Role;
  /** Whether something was done to it, or it was only stopped while the kernel's tables were read. */
  readonly struck: boolean;
  /** From then on it read nothing. */
  readonly stoppedAt: number;
  /** The connections that it had accepted, read from the kernel while it was stopped. */
  readonly accepted: Accepted;
  /** Those of them that were open right after its end: they had moved, or stayed with the other one. */
  outlived?: Accepted;
}

/** What was done, to whom, and when. */
export interface Fault {
  readonly at: number;
  /** When a stopped or busy process was to go on: until then nobody can expect anything of it. */
  readonly until: number;
  /** The machine was too busy to do it in time: this is another fault than the one that was meant. */
  readonly late: boolean;
  /** The parent and the child, as far as they lived. */
  readonly present: readonly Present[];
  /** The parent's state when it happened. */
  readonly parentState: string | undefined;
}

const NOTHING: Accepted = { ports: new Map(), unix: new Set() };
const STORM = 30;
/** Well within every deadline of the victim. */
const LATE_MS = 500;
/** For what a process does to itself before it is killed. */
const DEATH_MS_MAX = 5_000;
/** Well within the commit deadline. */
const HEARD_MS_MAX = 1_000;
/** One that takes longer has had time for more than the kernel's tables said of it. */
const END_MS_MAX = 100;

/** Does what the turn says. At a moment, the process that publishes it has stopped itself there. */
export async function strike(
  service: Service,
  turn: Turn,
  parentPid: number,
  byItself?: { readonly pid: number; readonly at: number },
): Promise<Fault> {
  const { kind, victim } = turn;
  const stoppedPid = byItself?.pid;
  // All of them, so that nothing goes on while the tables are read: the moment stays what it was. Not the one that
  // stops itself: stopped a second time, on its way to its own stop, it would stop once more when it is let go.
  const halt = (pid: number) => {
    if (pid !== stoppedPid) signal(pid, "SIGSTOP");
    return stopped(pid);
  };
  let still = await halt(parentPid);
  // Only who stands still starts nobody any more.
  const childPid =
    stoppedPid !== undefined && stoppedPid !== parentPid ? stoppedPid : childOf(service, parentPid);
  if (childPid !== undefined) still = (await halt(childPid)) && still;
  const pids: { pid: number; role: Role }[] = [{ pid: parentPid, role: "parent" }];
  if (childPid !== undefined) pids.push({ pid: childPid, role: "child" });
  const living = pids.filter(({ pid }) => stateOf(pid) !== undefined);
  const stoppedAt = now();
  const acceptedBy = accepted(service.listening);
  const present = living.map(({ pid, role }) => ({
    pid,
    role,
    struck: victim === "both" || victim === role,
    stoppedAt: pid === stoppedPid && byItself !== undefined ? byItself.at : stoppedAt,
    accepted: acceptedBy(pid),
  }));
  const parentState = service.watch.tracks.get(parentPid)?.parentState;
  service.watch.sample();
  const at = now();
  const all = (name: NodeJS.Signals) => {
    for (const { pid, struck } of present) if (struck) signal(pid, name);
  };
  const goOn = () => {
    for (const { pid, struck } of present) if (!struck) signal(pid, "SIGCONT");
  };
  let until = at;
  if (kind === "sigkill" || POSTHUMOUS_KINDS.has(kind)) {
    all(kind === "sigkill" ? "SIGKILL" : "SIGCONT");
    const dead = () => present.every(({ pid, struck }) => !struck || hasClosedAll(pid));
    if (kind !== "sigkill") still = (await eventually(dead, DEATH_MS_MAX, 1)) && still;
    // The others see a death that is complete, and what is left of its connections is what it left.
    await seeEnds(service, present);
    goOn();
  } else if (kind === "stopShort" || kind === "stopLong") {
    goOn();
    await pause(kind === "stopShort" ? STOP_SHORT_MS : STOP_LONG_MS);
    all("SIGCONT");
    until = now();
  } else if (kind === "stopForever") {
    goOn();
  } else if (kind === "sigterm" || kind === "secondSighup") {
    all(kind === "secondSighup" ? "SIGHUP" : turn.side === "before" ? "SIGTERM" : "SIGINT");
    all("SIGCONT");
    goOn();
  } else {
    const first = HEARD_FIRST[kind];
    if (first !== undefined) {
      // Nothing is to happen to the child that follows.
      service.order(undefined);
      signal(parentPid, first.signal);
      goOn();
      still = (await eventually(() => hasHeard(service, parentPid, first.event, at), HEARD_MS_MAX)) && still;
    }
    all("SIGCONT");
    goOn();
    for (let count = 0; kind === "sighupStorm" && count < STORM; count += 1) {
      all("SIGHUP");
      await pause(1);
    }
    if (kind === "busyLoop") until = now() + STOP_LONG_MS;
    if (ENDING_KINDS.has(kind)) await seeEnds(service, present);
  }
  const heldMs = byItself === undefined ? 0 : at - byItself.at;
  const overdueMs =
    kind === "stopShort" ? until - at - STOP_SHORT_MS : kind === "stopLong" ? until - at - STOP_LONG_MS : 0;
  return { at, until, late: !still || heldMs > LATE_MS || overdueMs > LATE_MS, present, parentState };
}

/**
 * Looks what is left of the connections of a process that ends at once. A child has copies of all that its parent has until its
 * program is executed: they go with it, a moment after the parent. Nothing can have moved but to a process that has booted.
 */
export async function seeEnds(
  { listening, watch }: Pick<Service, "listening" | "watch">,
  present: readonly Present[],
): Promise<void> {
  for (const each of present) {
    if (!each.struck) continue;
    if (await eventually(() => hasClosedAll(each.pid), END_MS_MAX, 1)) {
      const hasHeir = watch.alive.some(({ pid }) => pid !== each.pid);
      each.outlived = hasHeir ? outliving(each.accepted, listening) : NOTHING;
    }
  }
  watch.sample();
}

/** Whether the parent's machine has taken an event since then. */
function hasHeard({ lines }: Service, parentPid: number, event: string, since: number): boolean {
  return lines.some(
    (line) =>
      line.type === "step" && line.pid === parentPid && line.at >= since && line.text.endsWith(`: ${event}`),
  );
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone: nothing to signal.
  }
}

function childOf(service: Service, parentPid: number): number | undefined {
  const known = service.watch.alive.find(({ pid, bootedAt }) => {
    const parent = service.watch.tracks.get(parentPid);
    return pid !== parentPid && (parent === undefined || bootedAt > parent.bootedAt);
  });
  return known?.pid ?? childrenOf(parentPid)[0];
}

/** Lets a process go on that has said that it stops itself. It may not have done so yet, and would do so for good. */
export async function letGo(pid: number): Promise<void> {
  await stopped(pid, 10_000);
  signal(pid, "SIGCONT");
}

/** A stop signal takes effect at once, but for a process that is in the middle of a system call. */
function stopped(pid: number, msMax = 1_000): Promise<boolean> {
  return eventually(() => ["T", "t", undefined].includes(stateOf(pid)), msMax, 1);
}
