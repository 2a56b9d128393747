import type { RequestRecord } from "../load/record.js";
import { cellName } from "../plan/cell.js";
import { type Expectation, expectationOf } from "../plan/expectation.js";
import { ENDING_KINDS, type Kind } from "../plan/kind.js";
import { RECOVERY_MS, SETTLE_MS } from "../victim/deadlines.js";
import { RELEASED, RELEASING } from "../victim/order.js";
import type { Evidence, Invariant, Violation } from "./evidence.js";
import { oneOwner } from "./one-owner.js";

export interface Verdict {
  readonly violations: readonly Violation[];
  /** Failed requests that the killed process took with it: those on connections that it had accepted. */
  readonly excused: number;
  readonly failed: number;
  /** From the fault until a new connection was answered. */
  readonly recoveryMs: number | undefined;
}

const SAMPLES = 4;

/** What the promises say about what was seen. */
export function judge(evidence: Evidence): Verdict {
  const violations: Violation[] = [];
  const broken = (invariant: Invariant, text: string) => violations.push({ invariant, text });
  const { fault, settled, turn, records } = evidence;
  const failures = records.filter(({ failure }) => failure !== undefined);
  const { excused, blamed } = divide(evidence, failures);

  const refused = blamed.filter(({ failure }) => failure === "refused");
  if (refused.length > 0) broken("INV-1", `${refused.length} connections were refused: ${samples(refused)}`);

  const recoveryMs = recovery(evidence);
  if (settled === "unsettled" || (fault !== undefined && settled === "owner")) {
    if (fault !== undefined && (recoveryMs ?? Number.POSITIVE_INFINITY) > RECOVERY_MS) {
      const seen = recoveryMs === undefined ? "never" : `only after ${Math.round(recoveryMs)} ms`;
      broken(
        "INV-2",
        `after the fault a new connection was answered ${seen}; ${RECOVERY_MS} ms is the bound`,
      );
    }
  }
  if (settled === "unsettled" && !evidence.tracks.some(({ accepts }) => accepts)) {
    broken("INV-2", "processes live, and none of them accepts");
  }
  for (const text of oneOwner(evidence)) broken("INV-3", text);

  const lost = blamed.filter(({ failure }) => failure !== "refused");
  if (lost.length > 0) broken("INV-4", `${lost.length} requests failed: ${samples(lost)}`);
  for (const text of books(evidence)) broken("INV-4", text);
  for (const text of unmoved(evidence)) broken("INV-4", text);

  if (settled === "unsettled") {
    const alive = evidence.tracks.filter(({ diedAt }) => diedAt === undefined);
    const states = alive.map(
      ({ pid, generation, parentState, childState, accepts }) =>
        `generation ${generation ?? "?"} (pid ${pid}, ${childState ?? "?"}/${parentState ?? "serving"}${accepts ? ", accepts" : ""})`,
    );
    broken(
      "INV-5",
      `after ${SETTLE_MS} ms the handoff was not over: ${states.join(", ") || "no process lives"}`,
    );
  }
  for (const text of evidence.leftovers) broken("INV-5", text);

  for (const { invariant, text } of outcome(evidence)) broken(invariant, text);
  if (records.some(({ offerVisible }) => offerVisible)) {
    broken("INV-8", "the offer is still in a generation's environment: whatever it starts inherits it");
  }
  if (evidence.inheritable.length > 0) {
    broken(
      "INV-8",
      `whatever the owner starts inherits listeners: descriptors ${evidence.inheritable.join(", ")}`,
    );
  }
  if (turn.kind === "newerParent" || turn.kind === "newerChild") {
    const said = evidence.lines.find((line) => line.type === "report");
    const message = said?.type === "report" ? (said.message ?? "") : "";
    if (!/\b1\b/.test(message) && !/2-7/.test(message)) {
      broken("INV-7", `the reason does not say which versions the two speak: ${message || "none was given"}`);
    } else if (!/2-7/.test(message))
      broken("INV-7", `the reason does not say what the other side speaks: ${message}`);
  }
  return { violations, excused: excused.length, failed: failures.length, recoveryMs };
}

/**
 * Which failures nobody could have prevented, by what the kernel had in its tables when the processes were stopped:
 * those on connections that a process had which was killed then, and nobody had after it. A connection that moves is in two
 * processes for a while: it is the child's alone once its parent has released it, and until then it outlives either of them.
 * What was released may outlive the child by the moment that its parent takes to close it (CO-16).
 */
function divide(
  { fault, settled, turn, tracks, lines }: Evidence,
  failures: readonly RequestRecord[],
): { excused: RequestRecord[]; blamed: RequestRecord[] } {
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
    const { port, kind, failure, start, end } = record;
    const had = (list: typeof present) =>
      port !== undefined && list.some(({ accepted }) => accepted.ports.has(port));
    if (port !== undefined && dead.some((each) => diedWith(each, port))) excused.push(record);
    else if (kind.startsWith("unix") && failure !== "refused" && unix > 0) {
      unix -= 1;
      excused.push(record);
    } else if (fault === undefined || end < fault.at) blamed.push(record);
    else if (
      fenced?.diedAt !== undefined &&
      failure !== "refused" &&
      !had(present) &&
      end < fenced.diedAt + LOOK_MS
    ) {
      excused.push(record);
    } else if (settled !== "ended") blamed.push(record);
    // Nobody is left, or the service was told to end: clients are turned away. What was being answered is answered even so.
    else if (
      turn.kind !== "sigterm" ||
      !BUSY.has(kind) ||
      !had(present.filter(({ stoppedAt }) => start < stoppedAt - READ_MS))
    )
      excused.push(record);
    else blamed.push(record);
  }
  return { excused, blamed };
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
/** On a busy machine a request lies in the kernel for a while before it is read. */
const READ_MS = 50;
/** Kinds of load that wait for an answer all the time: theirs is no idle connection. */
const BUSY = new Set<RequestRecord["kind"]>(["slow", "upload"]);

/** The states of a parent whose child has said that it is owner. */
const LEAVES = new Set(["draining", "departing", "left"]);

function recovery({ fault, records, turn }: Evidence): number | undefined {
  if (fault === undefined) return undefined;
  // A parent that hangs is not dead, nor is a child that has said that it is owner: nobody may take its place, and it goes on when it wakes.
  const hangs = turn.kind === "stopLong" || turn.kind === "busyLoop" || turn.kind === "stopShort";
  const isOwner = turn.victim === "parent" || LEAVES.has(fault.parentState ?? "");
  const from = hangs && isOwner ? fault.until : fault.at;
  let first = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (isNewConnection(record) && record.start >= fault.at && record.end < first) first = record.end;
  }
  return first === Number.POSITIVE_INFINITY ? undefined : Math.max(0, first - from);
}

/** Whether somebody was let in, and answered. */
export function isNewConnection({ kind, failure }: RequestRecord): boolean {
  return failure === undefined && (kind === "new" || kind === "slow" || kind === "unix");
}

/** Each answered request stands once in the books of the processes; no request stands there twice. */
function* books({ records, served }: Evidence): Generator<string> {
  const twice = records.filter(({ id }) => (served.get(id) ?? 0) > 1);
  if (twice.length > 0) yield `${twice.length} requests were answered twice, such as ${twice[0]?.id}`;
  const never = records.filter(({ id, failure }) => failure === undefined && !served.has(id));
  if (never.length > 0) yield `${never.length} answers came from nowhere, such as that to ${never[0]?.id}`;
}

/** Kinds of load whose connections are idle, or about to be, and so can move. */
const MOVABLE = new Set<RequestRecord["kind"]>(["keptThinking", "idle"]);
/** After these the parent and the child both do all that they can for a connection. */
const HARMLESS = new Set<Kind>([
  "none",
  "stopShort",
  "emfileBatch",
  "controlBlocked",
  "releaseSwitched",
  "slowBoot",
]);

/** A handoff that nothing has gone wrong in closes no connection that can move. */
function* unmoved({ turn, fault, closures, requestedAt }: Evidence): Generator<string> {
  if (!HARMLESS.has(turn.kind) || fault?.late) return;
  const closed = closures.filter(({ kind, at }) => MOVABLE.has(kind) && at >= requestedAt);
  const [first] = closed;
  if (first === undefined) return;
  yield `${closed.length} idle connections were closed and not moved, such as that of port ${first.port} (${first.kind})`;
}

const UNDISTURBED: Expectation = { owners: ["parent", "child"], ends: "no" };

/** Whether the service is in the hands that the promises give it to. */
function* outcome(evidence: Evidence): Generator<Violation> {
  const { turn, settled, before, after, lines, release } = evidence;
  const nobodyStruck = evidence.fault?.present.every(({ struck }) => !struck) ?? false;
  // Before the child is there, or after the parent has left, there may be nobody to strike.
  const expected = nobodyStruck ? UNDISTURBED : expectationOf(turn);
  const survivors = turn.victim === "parent" ? "INV-2" : "INV-6";
  if (settled === "ended") {
    const parentGone = hadLeft(lines, before.pid) || turn.victim !== "child";
    if (expected.ends === "must" || turn.kind === "sigterm" || parentGone) return;
    yield { invariant: "INV-2", text: "no process is left, and one was to survive" };
    return;
  }
  if (settled !== "owner" || after === undefined) return;
  if (expected.ends === "must") {
    yield {
      invariant: "INV-5",
      text: `the service was to end, and generation ${after.generation} lives (${cellName(turn)})`,
    };
    return;
  }
  const from = before.generation ?? 0;
  const to = after.generation ?? 0;
  const owner = to === from ? "parent" : to === from + 1 ? "child" : "later";
  if (!expected.owners.includes(owner)) {
    // The child took over as it should, and did not hear that it was to hand over itself.
    const unheard = owner === "child" && expected.owners.includes("later");
    yield {
      invariant: unheard ? "INV-5" : survivors,
      text: `generation ${to} owns the service; it was to be the ${expected.owners.join(" or the ")} of generation ${from}`,
    };
  }
  if (owner === "parent" && after.pid !== before.pid) {
    yield {
      invariant: "INV-6",
      text: `generation ${from} is another process now: ${before.pid} was, ${after.pid} is`,
    };
  }
  if (owner === "parent" && !ENDING_KINDS.has(turn.kind)) yield* reasoned(lines, before.pid);
  else if (owner === "parent" && turn.victim === "child") yield* reasoned(lines, before.pid);
  if (turn.kind === "overlappingVersions" && owner !== "child") {
    yield { invariant: "INV-7", text: "the versions of the two overlap, and the handoff did not complete" };
  }
  if (release.found !== undefined && release.found !== release.expected) {
    yield {
      invariant: "INV-6",
      text: `release ${release.found} serves, and ${release.expected} is the current one`,
    };
  }
}

/**
 * Whether the parent had done all that it was to do: a child that dies afterwards was the only process left. It counts
 * only where the child had said `committed` before.
 */
function hadLeft(lines: Evidence["lines"], parentPid: number): boolean {
  const events = lines.flatMap((line) =>
    line.type === "step" && line.pid === parentPid && line.role === "parent" ? [line.text] : [],
  );
  const committed = events.findIndex((text) => text.endsWith(": committedReceived"));
  return committed >= 0 && events.slice(committed).some((text) => /: (drained|deadlineExpired)$/.test(text));
}

/** A handoff that failed says so, and why. */
function* reasoned(lines: Evidence["lines"], parentPid: number): Generator<Violation> {
  const report = lines.find(
    (line) => line.type === "report" && line.pid === parentPid && line.outcome !== "committed",
  );
  if (report?.type !== "report") {
    yield { invariant: "INV-6", text: "the handoff failed, and the parent did not report it" };
  } else if (!report.code || !report.message) {
    yield { invariant: "INV-6", text: "the handoff failed, and its report gives no reason" };
  }
}

function samples(records: readonly RequestRecord[]): string {
  const some = records.slice(0, SAMPLES).map(({ kind, failure, detail, port }) => {
    const where = port === undefined ? "" : `, port ${port}`;
    return `${kind}: ${failure} (${detail}${where})`;
  });
  return `${some.join("; ")}${records.length > SAMPLES ? "; ..." : ""}`;
}
