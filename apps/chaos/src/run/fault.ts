import { childrenOf, stateOf } from "../kernel/process.js";
import { type Accepted, acceptedBy } from "../kernel/socket.js";
import type { Turn } from "../plan/cell.js";
import { SELF_KINDS } from "../plan/kind.js";
import { MOMENTS, type Role } from "../plan/moment.js";
import { STOP_LONG_MS, STOP_SHORT_MS } from "../victim/deadlines.js";
import { eventually, now, pause } from "./clock.js";
import type { Service } from "./service.js";

export interface Struck {
  readonly pid: number;
  readonly role: Role;
  /** The connections that it had accepted, read from the kernel while it was stopped. */
  readonly accepted: Accepted;
}

/** What was done, to whom, and when. */
export interface Fault {
  readonly at: number;
  /** When a stopped or busy process was to go on: until then nobody can expect anything of it. */
  readonly until: number;
  readonly struck: readonly Struck[];
  /** The parent's state when it happened. */
  readonly parentState: string | undefined;
}

const STORM = 30;

/** Does what the turn says, the process that publishes the moment having stopped itself at it. */
export async function strikeAtMoment(
  service: Service,
  turn: Turn,
  parentPid: number,
  stoppedPid: number,
): Promise<Fault> {
  await stopped(stoppedPid);
  const role = turn.moment === "boot" ? "parent" : MOMENTS[turn.moment as keyof typeof MOMENTS].role;
  const childPid = role === "child" ? stoppedPid : childOf(service, parentPid);
  const fault = await strike(service, turn, parentPid, childPid, (victims) =>
    // Whoever was stopped only for its moment goes on as soon as the others are where they are wanted.
    victims.includes(stoppedPid) ? undefined : stoppedPid,
  );
  return fault;
}

/** Does what the turn says at any time, stopping the victims from outside. */
export function strikeAtRandom(service: Service, turn: Turn, parentPid: number): Promise<Fault> {
  return strike(service, turn, parentPid, childOf(service, parentPid), () => undefined);
}

async function strike(
  service: Service,
  turn: Turn,
  parentPid: number,
  childPid: number | undefined,
  bystander: (victims: readonly number[]) => number | undefined,
): Promise<Fault> {
  const { kind, victim } = turn;
  const victims: { pid: number; role: Role }[] = [];
  if (victim !== "child" && stateOf(parentPid) !== undefined)
    victims.push({ pid: parentPid, role: "parent" });
  if (victim !== "parent" && childPid !== undefined && stateOf(childPid) !== undefined) {
    victims.push({ pid: childPid, role: "child" });
  }
  for (const { pid } of victims) signal(pid, "SIGSTOP");
  for (const { pid } of victims) await stopped(pid);
  const struck = victims.map(({ pid, role }) => ({
    pid,
    role,
    accepted: acceptedBy(pid, service.listening),
  }));
  const parentState = service.watch.tracks.get(parentPid)?.parentState;
  service.watch.sample();
  const at = now();
  const waiting = bystander(victims.map(({ pid }) => pid));
  const all = (name: NodeJS.Signals) => {
    for (const { pid } of victims) signal(pid, name);
  };
  const goOn = () => {
    if (waiting !== undefined) signal(waiting, "SIGCONT");
  };
  if (kind === "sigkill") {
    all("SIGKILL");
    goOn();
  } else if (kind === "stopShort" || kind === "stopLong") {
    goOn();
    await pause(kind === "stopShort" ? STOP_SHORT_MS : STOP_LONG_MS);
    all("SIGCONT");
  } else if (kind === "sigterm" || kind === "secondSighup") {
    all(kind === "sigterm" ? "SIGTERM" : "SIGHUP");
    all("SIGCONT");
    goOn();
  } else if (kind === "sighupStorm") {
    all("SIGCONT");
    goOn();
    for (let count = 0; count < STORM; count += 1) {
      all("SIGHUP");
      await pause(1);
    }
  } else {
    all("SIGCONT");
    goOn();
  }
  const busyMs = kind === "busyLoop" && SELF_KINDS.includes(kind) ? STOP_LONG_MS : 0;
  return { at, until: now() + busyMs, struck, parentState };
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

/** A stop signal takes effect at once, but for a process that is in the middle of a system call. */
function stopped(pid: number): Promise<boolean> {
  return eventually(() => ["T", "t", undefined].includes(stateOf(pid)), 1_000, 1);
}
