import type { RequestRecord } from "../load/record.js";
import { servesOn } from "../plan/expectation.js";
import { ENDING_KINDS, HARMLESS_KINDS } from "../plan/kind.js";
import { AT_ONCE_MS, DEADLINES, RECOVERY_MS, SETTLE_MS } from "../victim/deadlines.js";
import { divide } from "./blame.js";
import { deathsOf, type Evidence, type Invariant, isNewConnection, type Violation } from "./evidence.js";
import { leaving } from "./leaving.js";
import { oneOwner } from "./one-owner.js";
import { expected, outcome } from "./outcome.js";
import { waits } from "./waits.js";

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
  const serves = settled !== "ended" && expected(evidence).ends !== "must";
  const bounds = { "INV-2": RECOVERY_MS, ...(servesOn(turn) && { "INV-6": AT_ONCE_MS }) };
  for (const [invariant, boundMs] of Object.entries(bounds) as [Invariant, number][]) {
    if (!serves || fault === undefined || (recoveryMs ?? Number.POSITIVE_INFINITY) <= boundMs) continue;
    const seen = recoveryMs === undefined ? "never" : `only after ${Math.round(recoveryMs)} ms`;
    broken(invariant, `after the fault a new connection was answered ${seen}; ${boundMs} ms is the bound`);
  }
  if (serves && settled === "unsettled" && !evidence.tracks.some(({ accepts }) => accepts)) {
    broken("INV-2", "processes live, and none of them accepts");
  }
  for (const text of oneOwner(evidence)) broken("INV-3", text);

  const lost = blamed.filter(({ failure }) => failure !== "refused");
  if (lost.length > 0) broken("INV-4", `${lost.length} requests failed: ${samples(lost)}`);
  for (const text of books(evidence)) broken("INV-4", text);
  for (const text of unmoved(evidence)) broken("INV-4", text);
  for (const text of stayed(evidence)) broken("INV-4", text);
  for (const text of impatience(evidence)) broken("INV-4", text);

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
  for (const text of overdue(evidence)) broken("INV-5", text);
  for (const text of patience(evidence)) broken("INV-5", text);
  for (const text of evidence.leftovers) broken("INV-5", text);

  for (const judged of [outcome, waits, leaving]) violations.push(...judged(evidence));
  if (records.some(({ offerVisible }) => offerVisible)) {
    broken("INV-8", "the offer is still in a generation's environment: whatever it starts inherits it");
  }
  for (const text of evidence.exposed) broken("INV-8", text);
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

/** The states of a parent whose child has said that it is owner. */
const LEAVES = new Set(["draining", "departing", "left"]);

function recovery(evidence: Evidence): number | undefined {
  const { fault, records, turn } = evidence;
  if (fault === undefined) return undefined;
  // A parent that hangs is not dead, nor is a child that has said that it is owner: nobody may take its place, and it goes on when it wakes.
  const hangs = turn.kind === "stopLong" || turn.kind === "busyLoop" || turn.kind === "stopShort";
  const isOwner = turn.victim === "parent" || LEAVES.has(fault.parentState ?? "");
  let from = fault.at;
  if (hangs && isOwner) from = fault.until;
  // One that ends itself lives until it has: running out of heap takes its time.
  else if (ENDING_KINDS.has(turn.kind)) from = Math.max(fault.at, ...deathsOf(evidence));
  let first = Number.POSITIVE_INFINITY;
  for (const record of records) {
    if (isNewConnection(record) && record.start >= fault.at && record.end < first) first = record.end;
  }
  return first === Number.POSITIVE_INFINITY ? undefined : Math.max(0, first - from);
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

/** A handoff that nothing has gone wrong in closes no connection that can move. */
function* unmoved({ turn, fault, closures, requestedAt }: Evidence): Generator<string> {
  if (!HARMLESS_KINDS.has(turn.kind) || fault?.late) return;
  const closed = closures.filter(({ kind, at }) => MOVABLE.has(kind) && at >= requestedAt);
  const [first] = closed;
  if (first === undefined) return;
  yield `${closed.length} idle connections were closed and not moved, such as that of port ${first.port} (${first.kind})`;
}

/** Kinds of load that can go on in the child, each after an answer. */
const PLAIN = new Set<RequestRecord["kind"]>([...MOVABLE, "keptBusy", "upload"]);

/** Where a child takes over, some of its parent's connections go on there. */
function* stayed({ turn, before, after, records }: Evidence): Generator<string> {
  if (turn.kind !== "none" || after?.generation !== (before.generation ?? 0) + 1) return;
  const closed = records.filter(({ kind, pid, closes }) => closes && pid === before.pid && PLAIN.has(kind));
  if (closed.length === 0 || records.some(({ moved }) => moved)) return;
  yield `no connection moved, and ${closed.length} that could were closed with their answers, such as that of ${closed[0]?.kind} ${closed[0]?.id}`;
}

/** A parent with nothing left to do leaves, and does not wait for its deadline. */
function* overdue({ turn, before, lines }: Evidence): Generator<string> {
  const waited = lines.some(
    (line) =>
      line.type === "step" && line.pid === before.pid && OVERDUE.has(line.text) && line.role === "parent",
  );
  if (turn.kind === "none" && waited)
    yield "the parent left only at its drain deadline, and had nothing to wait for";
}

const OVERDUE = new Set(["draining: deadlineExpired", "departing: deadlineExpired"]);

/** What is being asked may be finished until the drain deadline, which begins after the request for the handoff. */
function* impatience({ cutAt, requestedAt }: Evidence): Generator<string> {
  const afterMs = (cutAt ?? Number.POSITIVE_INFINITY) - requestedAt;
  if (afterMs < DEADLINES.drainDeadlineMs) {
    yield `a request was cut after ${Math.round(afterMs)} ms; it had ${DEADLINES.drainDeadlineMs} ms at least`;
  }
}

/** And no longer than that. */
function* patience({ cutAt, requestedAt, before, lines }: Evidence): Generator<string> {
  const begun = lines.find(
    (line) => line.type === "step" && line.pid === before.pid && line.text === "  drainConnections",
  );
  const afterMs = (cutAt ?? 0) - (begun?.at ?? requestedAt);
  if (afterMs > DEADLINES.drainDeadlineMs + CUT_MS) {
    yield `a request that never ends was cut after ${Math.round(afterMs)} ms; it had ${DEADLINES.drainDeadlineMs} ms`;
  }
}

/** What a busy machine takes for it. */
const CUT_MS = 3_000;

function samples(records: readonly RequestRecord[]): string {
  const some = records.slice(0, SAMPLES).map(({ kind, failure, detail, port }) => {
    const where = port === undefined ? "" : `, port ${port}`;
    return `${kind}: ${failure} (${detail}${where})`;
  });
  return `${some.join("; ")}${records.length > SAMPLES ? "; ..." : ""}`;
}
