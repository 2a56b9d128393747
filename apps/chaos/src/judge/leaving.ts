import { isStuck } from "../plan/cell.js";
import { ENDING_KINDS, STOPPING_KINDS } from "../plan/kind.js";
import type { Track } from "../run/watch.js";
import { DEADLINES } from "../victim/deadlines.js";
import { STARTED_ACCEPTING } from "../victim/order.js";
import type { Evidence, Violation } from "./evidence.js";

/** With nothing to wait for but what was being answered. */
const SOON_MS = DEADLINES.drainDeadlineMs / 2;
const EARLY_MS = 50;

/** What is asked of a generation that leaves. */
export function* leaving(evidence: Evidence): Generator<Violation> {
  yield* hasty(evidence);
  yield* sudden(evidence);
  yield* stopped(evidence);
  for (const pid of accountable(evidence)) yield* reported(evidence, pid);
}

/** Those that nobody has killed, and that have decided to leave, and have. */
function leftBySelf({ turn, fault, tracks }: Evidence): Track[] {
  const killed = (pid: number) =>
    ENDING_KINDS.has(turn.kind) && fault?.present.some((each) => each.pid === pid && each.struck) === true;
  return tracks.filter(
    ({ pid, parentState, diedAt }) => parentState === "left" && diedAt !== undefined && !killed(pid),
  );
}

/** A parent that hands over stays for a while: a child that is owner for a moment only may be dead already. */
function* hasty(evidence: Evidence): Generator<Violation> {
  const { before, lines, fault } = evidence;
  const parent = leftBySelf(evidence).find(({ pid }) => pid === before.pid);
  const by = (text: string, generation = before.generation ?? 0) =>
    lines.findLast((line) => line.type === "step" && line.text === text && line.generation === generation);
  // One that was told to leave before, because the next handoff is to begin or the service ends, has no way back to stay for.
  const accepted = by(STARTED_ACCEPTING, (before.generation ?? 0) + 1);
  if (parent?.diedAt === undefined || accepted === undefined || !by("draining: drained")) return;
  if (fault?.present.some(({ pid, struck }) => struck && pid === before.pid)) return;
  const stayedMs = parent.diedAt - accepted.at;
  if (stayedMs >= DEADLINES.probationMs - EARLY_MS) return;
  const text = `the parent was gone ${Math.round(stayedMs)} ms after its child accepted: for ${DEADLINES.probationMs} ms that may turn out to have died`;
  yield { invariant: "INV-2", text };
}

/** The application is told of its process's end. */
function* sudden(evidence: Evidence): Generator<Violation> {
  for (const { pid, generation } of leftBySelf(evidence)) {
    if (evidence.lines.some((line) => line.type === "exit" && line.pid === pid)) continue;
    yield {
      invariant: "INV-4",
      text: `generation ${generation} (pid ${pid}) left, and its onExit hook did not run`,
    };
  }
}

/** A service that was told to end ends soon, and does nothing any more. */
function* stopped(evidence: Evidence): Generator<Violation> {
  const { turn, settled, fault, tracks, lines, before } = evidence;
  if (settled !== "ended" || fault === undefined || !STOPPING_KINDS.has(turn.kind)) return;
  const tookMs = Math.max(...tracks.map(({ diedAt = 0 }) => diedAt)) - fault.at;
  if (!isStuck(turn) && !fault.late && tookMs > SOON_MS) {
    const text = `the service was told to end, had nothing to wait for, and took ${Math.round(tookMs)} ms`;
    yield { invariant: "INV-5", text };
  }
  for (const { pid, generation } of leftBySelf(evidence)) {
    const said = lines.findLast((line) => line.type === "work" && line.pid === pid);
    if (said?.type === "work" ? !said.works : pid !== before.pid) continue;
    yield {
      invariant: "INV-3",
      text: `generation ${generation} (pid ${pid}) was at exclusive work to its end`,
    };
  }
}

/** Whose handoffs are all over: who has left, and who owns the service. */
function accountable(evidence: Evidence): number[] {
  const pids = leftBySelf(evidence).map(({ pid }) => pid);
  return evidence.after === undefined ? pids : [...pids, evidence.after.pid];
}

/** Every handoff has one outcome, reported once. */
function* reported({ lines }: Evidence, pid: number): Generator<Violation> {
  const broken = (text: string): Violation => ({ invariant: "INV-6", text: `pid ${pid} ${text}` });
  let handoff: { sent: boolean; committed: boolean } | undefined;
  let state: string | undefined;
  let own: number | undefined;
  for (const line of lines) {
    if (line.pid !== pid) continue;
    if (line.type === "report") {
      if (handoff === undefined)
        yield broken(`reported a handoff that was over or never began: ${line.outcome}`);
      else {
        const failed = handoff.sent ? "rolledBack" : "aborted";
        const outcome = handoff.committed && state === "left" ? "committed" : failed;
        if (line.outcome !== outcome)
          yield broken(`reported ${line.outcome}, and the handoff was ${outcome}`);
        if (line.generation !== own)
          yield broken(`is generation ${own}, and reported as generation ${line.generation}`);
      }
      handoff = undefined;
    }
    if (line.type !== "step" || line.role !== "parent") continue;
    own = line.generation;
    state = line.to ?? state;
    if (line.text === "  spawnChild") {
      if (handoff !== undefined) yield broken("began a handoff, and had not reported the one before");
      handoff = { sent: false, committed: false };
    } else if (handoff !== undefined) {
      handoff.sent ||= line.text === "  sendCommit";
      handoff.committed ||= line.text === "committing: committedReceived";
    }
  }
  if (handoff !== undefined) yield broken("never reported its handoff");
}
