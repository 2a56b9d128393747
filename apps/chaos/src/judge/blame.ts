import type { RequestRecord } from "../load/record.js";
import { ENDING_KINDS, HARMLESS_KINDS } from "../plan/kind.js";
import { RELEASED, RELEASING } from "../victim/order.js";
import type { Evidence } from "./evidence.js";
import { expected } from "./outcome.js";

/**
 * Which failures nobody could have prevented, by what the kernel had in its tables when the processes were stopped:
 * those on connections that a process had which was killed then, and nobody had after it. A connection that moves is in two
 * processes for a while: it is the child's alone once its parent has released it, and until then it outlives either of them.
 * What was released may outlive the child by the moment that its parent takes to close it (CO-16).
 */
export function divide(
  evidence: Evidence,
  failures: readonly RequestRecord[],
): { excused: RequestRecord[]; blamed: RequestRecord[] } {
  const { fault, settled, turn, tracks, lines } = evidence;
  // A service that does not come to its end has broken that promise, and no other.
  const ended = settled === "ended" || (settled === "unsettled" && expected(evidence).ends === "must");
  const excused: RequestRecord[] = [];
  const blamed: RequestRecord[] = [];
  const lifeOf = (pid: number) => tracks.find((track) => track.pid === pid);
  const present = fault?.present ?? [];
  // Unless it was killed, a parent leaves by itself, and finishes first; a child is ended by its parent.
  const dead = present.filter(
    ({ pid, role, struck }) =>
      struck &&
      lifeOf(pid)?.diedAt !== undefined &&
      (ENDING_KINDS.has(turn.kind) ||
        (role === "child" && turn.kind !== "sigterm" && !handedOver(lines, pid))),
  );
  const released = fault !== undefined && allReleased(lines, fault.at);
  const outlived = (each: (typeof present)[number]) =>
    each.role === "child" && released ? undefined : each.outlived;
  const diedWith = (each: (typeof present)[number], port: number) =>
    each.accepted.ports.has(port) && outlived(each)?.ports.has(port) !== true;
  let unix = dead.reduce((sum, each) => sum + each.accepted.unix.size - (outlived(each)?.unix.size ?? 0), 0);
  // A struck process that went on accepted some more before it was ended: what no other process had is its own.
  const fenced = ENDING_KINDS.has(turn.kind) ? undefined : dead[0] && lifeOf(dead[0].pid);
  for (const record of failures) {
    const { port, kind, failure, start, sent = Number.POSITIVE_INFINITY, end } = record;
    const had = (list: typeof present) =>
      port !== undefined && list.some(({ accepted }) => accepted.ports.has(port));
    if (fault === undefined || end < fault.at) blamed.push(record);
    else if (port !== undefined && dead.some((each) => diedWith(each, port))) excused.push(record);
    else if (crossed(evidence, record)) excused.push(record);
    else if (kind.startsWith("unix") && failure !== "refused" && unix > 0) {
      unix -= 1;
      excused.push(record);
    } else if (
      fenced?.diedAt !== undefined &&
      failure !== "refused" &&
      !had(present) &&
      start < fenced.diedAt + LOOK_MS &&
      end < fenced.diedAt + NOTICED_MS
    ) {
      excused.push(record);
    } else if (!ended) blamed.push(record);
    // Nobody is left, or the service was told to end: clients are turned away. What was being answered is answered even so, and
    // a request whose answer has begun to come had been read.
    else if (
      turn.kind !== "sigterm" ||
      !BUSY.has(kind) ||
      !had(present.filter(({ stoppedAt }) => sent < stoppedAt - (failure === "truncated" ? 0 : READ_MS)))
    )
      excused.push(record);
    else blamed.push(record);
  }
  return { excused, blamed };
}

/**
 * Whether a client asked in the very moment in which its idle connection was closed. One that cannot move is closed gently: its client
 * finds out at once, and beyond doubt, that the request was not processed. Where connections can move, none is closed.
 */
function crossed({ turn, served }: Evidence, { id, failure, detail, start, end }: RequestRecord): boolean {
  const closedIdle = failure === "keptAliveClosed" && detail === "closed" && !served.has(id);
  return closedIdle && !HARMLESS_KINDS.has(turn.kind) && end - start < READ_MS;
}

/**
 * Whether every connection that the child has adopted by then was released to it: one of the two has said so. A parent that
 * was stopped in the middle of it may have told the child or not, and only the kernel knows; one that stopped itself before it had not begun.
 */
function allReleased(lines: Evidence["lines"], at: number): boolean {
  let released = false;
  let releasing: number | undefined;
  for (const line of lines) {
    if (line.at > at) continue;
    if (line.type === "struck" && line.pid === releasing) released = false;
    if (line.type !== "step") continue;
    releasing = line.text === RELEASING ? line.pid : undefined;
    if (line.text === "  adoptConnections") released = false;
    else if (
      releasing !== undefined ||
      line.text === RELEASED ||
      line.text.endsWith(": connectionsReleasedReceived")
    )
      released = true;
  }
  return released;
}

/** Whether a process left because it had handed over itself, as it does when a further handoff was asked for. */
function handedOver(lines: Evidence["lines"], pid: number): boolean {
  return lines.some((line) => line.type === "report" && line.pid === pid && line.outcome === "committed");
}

/** A death is seen at the next look. */
const LOOK_MS = 250;
/** On a busy machine clients stand still for a while, too, before they find out. */
const NOTICED_MS = 1_000;
/** On a busy machine a request lies in the kernel for a while before it is read. */
const READ_MS = 50;
/** Kinds of load that wait for an answer all the time: theirs is no idle connection. */
const BUSY = new Set<RequestRecord["kind"]>(["slow", "upload", "reader"]);
