import { cellName } from "../plan/cell.js";
import { type Expectation, expectationOf, GIVES_UP, REASONS } from "../plan/expectation.js";
import { ENDING_KINDS, type Kind } from "../plan/kind.js";
import { DEADLINES } from "../victim/deadlines.js";
import { deathsOf, type Evidence, isNewConnection, type Violation } from "./evidence.js";

const UNDISTURBED: Expectation = { owners: ["parent", "child"], ends: "no" };
/** For a child that was never ready to be told to leave, or to be ended, and to be reported. */
const GIVEN_UP_MS = 2_000;
/** What 30 requests lead to at most: they take 30 ms and more, in which one handoff can end and the next begin. */
const STORM_HANDOFFS_MAX = 6;

/** What was to come of what was really done: before the child is there, or after the parent has left, there may be nobody to strike. */
export function expected({ turn, fault }: Evidence): Expectation {
  const missed = turn.moment !== "boot" && !fault?.present.some(({ struck }) => struck);
  // What was to be short may have been long.
  return missed || (turn.kind === "stopShort" && fault?.late) ? UNDISTURBED : expectationOf(turn);
}

/** Whether the service is in the hands that the promises give it to. */
export function* outcome(evidence: Evidence): Generator<Violation> {
  const { turn, settled, before, after, release } = evidence;
  const { owners, ends } = expected(evidence);
  const survivors = turn.moment !== "boot" && turn.victim === "parent" ? "INV-2" : "INV-6";
  if (settled === "ended") {
    if (!mayEnd(evidence, ends))
      yield { invariant: "INV-2", text: "no process is left, and one was to survive" };
    return;
  }
  if (settled !== "owner" || after === undefined) return;
  if (ends === "must") {
    yield {
      invariant: "INV-5",
      text: `the service was to end, and generation ${after.generation} lives (${cellName(turn)})`,
    };
    return;
  }
  const from = before.generation ?? 0;
  const to = after.generation ?? 0;
  const owner = to === from ? "parent" : to === from + 1 ? "child" : "later";
  if (!owners.includes(owner)) {
    // The child took over as it should, and did not hear that it was to hand over itself; or a parent that failed did not try again.
    const unheard = (owner === "child" && owners.includes("later")) || UNHEARD.has(turn.kind);
    yield {
      invariant: unheard ? "INV-5" : survivors,
      text: `generation ${to} owns the service; it was to be the ${owners.join(" or the ")} of generation ${from}`,
    };
  }
  // Requests that come during a handoff are served by one that follows it.
  const most = turn.kind === "sighupStorm" ? STORM_HANDOFFS_MAX : 2;
  if (to - from > most) {
    yield {
      invariant: "INV-5",
      text: `generation ${to} owns the service: ${to - from} handoffs from generation ${from} where ${most} were asked for`,
    };
  }
  if (owner === "parent" && after.pid !== before.pid) {
    yield {
      invariant: "INV-6",
      text: `generation ${from} is another process now: ${before.pid} was, ${after.pid} is`,
    };
  }
  if (owner === "parent" && (!ENDING_KINDS.has(turn.kind) || turn.victim === "child"))
    yield* reasoned(evidence);
  if (owner === "parent") {
    yield* drainsOn(evidence);
    yield* untold(evidence);
  }
  yield* stateless(evidence);
  if (turn.kind === "neverReady") yield* inTime(evidence);
  if (!evidence.works) {
    yield { invariant: "INV-6", text: `generation ${to} owns the service, and does no exclusive work` };
  }
  if (evidence.misled !== "") {
    yield {
      invariant: "INV-6",
      text: `generation ${to} owns the service, and ${evidence.misled}`,
    };
  }
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

/** Where a parent that serves on has not heard that it was asked again. */
const UNHEARD = new Set<Kind>(["askedWhileFailing", "exitWhenAsked"]);

/** Whether nobody was there to survive. */
function mayEnd(evidence: Evidence, ends: Expectation["ends"]): boolean {
  const { turn, before, requestedAt, lines, fault } = evidence;
  if (ends === "must" || (turn.kind === "sigterm" && turn.victim === "parent")) return true;
  const others = lines.filter(({ pid, at }) => pid !== before.pid && at >= requestedAt);
  if (turn.victim === "child") {
    // An owner that is told to end the service does. A child that is not owner yet ends the handoff.
    const owned = others.some((line) => line.type === "step" && OWNS.has(line.to ?? ""));
    return (turn.kind === "sigterm" && owned) || hadLeft(evidence);
  }
  return lingered(evidence) || (ends === "may" && !others.some(({ at }) => at < (fault?.at ?? 0)));
}

/** Whether the parent took longer to end itself than its child waits for it: that has to leave a parent that lives. */
function lingered(evidence: Evidence): boolean {
  const { turn, fault } = evidence;
  const [diedAt = Number.POSITIVE_INFINITY] = deathsOf(evidence);
  return turn.kind === "outOfMemory" && diedAt - (fault?.at ?? 0) > DEADLINES.parkDeadlineMs;
}

/** The states of a child that owns the service. */
const OWNS = new Set(["succeeding", "owner"]);

/**
 * Whether the parent had done all that it was to do: a child that dies afterwards was the only process left. It counts
 * only where the child had said `committed` before, and lived until then.
 */
function hadLeft({ turn, before, lines, fault, tracks }: Evidence): boolean {
  const child = fault?.present.find(({ role }) => role === "child")?.pid;
  const { diedAt = Number.POSITIVE_INFINITY } = tracks.find(({ pid }) => pid === child) ?? {};
  // A death is seen at the next look.
  const dead = turn.kind === "sigkill" ? Math.min(fault?.at ?? diedAt, diedAt) : diedAt;
  const events = lines.flatMap((line) =>
    line.type === "step" && line.pid === before.pid && line.role === "parent" && line.at <= dead
      ? [line.text]
      : [],
  );
  const committed = events.findIndex((text) => text.endsWith(": committedReceived"));
  return committed >= 0 && events.slice(committed).some((text) => /: (drained|deadlineExpired)$/.test(text));
}

/** A parent that serves on drains nothing: not for a handoff that was aborted, nor after one that was rolled back. */
function* drainsOn({ before, lines, records, requestedAt }: Evidence): Generator<Violation> {
  const report = lines.findLast((line) => line.type === "report" && line.pid === before.pid);
  if (report?.type !== "report") return;
  const since = report.outcome === "aborted" ? requestedAt : report.at;
  const [first, ...others] = records.filter(
    ({ closes, pid, start }) => closes && pid === before.pid && start >= since,
  );
  if (first === undefined) return;
  yield {
    invariant: "INV-6",
    text: `the handoff failed, and the parent closed ${1 + others.length} kept connections with their answers, such as that of ${first.kind} ${first.id}`,
  };
}

/** A child that is never ready is given up in time, and until then its parent serves. */
function* inTime({ before, lines, records, requestedAt }: Evidence): Generator<Violation> {
  const report = lines.find(({ type, pid }) => type === "report" && pid === before.pid);
  const afterMs = (report?.at ?? requestedAt) - requestedAt;
  if (afterMs > DEADLINES.readyDeadlineMs + GIVEN_UP_MS) {
    yield {
      invariant: "INV-5",
      text: `a child that was never ready was given up after ${Math.round(afterMs)} ms; it had ${DEADLINES.readyDeadlineMs} ms`,
    };
  }
  const served = records.some(
    (record) =>
      isNewConnection(record) &&
      record.pid === before.pid &&
      record.start >= requestedAt + 300 &&
      record.end <= requestedAt + DEADLINES.readyDeadlineMs - 500,
  );
  if (!served) yield { invariant: "INV-6", text: "the parent answered nobody while its child booted" };
}

/** A child that is given up is told so. */
function* untold({ turn, before, lines }: Evidence): Generator<Violation> {
  const told = lines.some(
    (line) =>
      line.type === "step" &&
      (line.pid === before.pid ? line.text === "  sendAbort" : line.text.endsWith(": abortReceived")),
  );
  if (GIVES_UP.has(turn.kind) && !told)
    yield { invariant: "INV-6", text: "the parent ended the handoff, and did not tell its child" };
}

/** Who was told to take over has the state of the generation before it, as it was once that had stopped its work. */
function* stateless({ lines, records }: Evidence): Generator<Violation> {
  const early = records.find(({ stateEarly }) => stateEarly);
  if (early !== undefined) {
    const text = `generation ${early.generation} was given state while its parent was at exclusive work`;
    yield { invariant: "INV-3", text };
  }
  const committed = new Set(
    lines.flatMap((line) =>
      line.type === "step" && line.text === "ready: commitReceived" ? [line.pid] : [],
    ),
  );
  const found = records.find(
    ({ pid, generation, stateFrom }) =>
      pid !== undefined && generation !== undefined && committed.has(pid) && stateFrom !== generation - 1,
  );
  if (found === undefined) return;
  const { generation, stateFrom } = found;
  yield {
    invariant: "INV-6",
    text: `generation ${generation} took over by commit with the state of ${stateFrom === undefined ? "nobody" : `generation ${stateFrom}`}`,
  };
}

/** A handoff that failed says so, and why. */
function* reasoned({ turn, lines, before }: Evidence): Generator<Violation> {
  const report = lines.find(
    (line) => line.type === "report" && line.pid === before.pid && line.outcome !== "committed",
  );
  const expectedCode = REASONS[turn.kind];
  if (report?.type !== "report") {
    yield { invariant: "INV-6", text: "the handoff failed, and the parent did not report it" };
  } else if (!report.code || !report.message) {
    yield { invariant: "INV-6", text: "the handoff failed, and its report gives no reason" };
  } else if (expectedCode !== undefined && report.code !== expectedCode) {
    const text = `the handoff failed for ${report.code} (${report.message}), and ${expectedCode} was the reason`;
    yield { invariant: "INV-6", text };
  }
}
