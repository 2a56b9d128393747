import { CHILD_COMMIT_MS, DEADLINES } from "../victim/deadlines.js";
import type { Line } from "../victim/order.js";
import type { Evidence, Violation } from "./evidence.js";

interface Wait {
  readonly deadline: string;
  readonly ms: number;
}

const READY: Wait = { deadline: "ready", ms: DEADLINES.readyDeadlineMs };
const PARK: Wait = { deadline: "park", ms: DEADLINES.parkDeadlineMs };
const COMMIT: Wait = { deadline: "commit", ms: DEADLINES.commitDeadlineMs };
const DRAIN: Wait = { deadline: "drain", ms: DEADLINES.drainDeadlineMs };
const EXIT: Wait = { deadline: "exit", ms: DEADLINES.exitDeadlineMs };

/** Which deadline bounds a state of either machine. @see spec/v1/deadlines.md */
const WAITS: Readonly<Record<string, Readonly<Record<string, Wait>>>> = {
  parent: {
    offering: READY,
    preparing: READY,
    parking: PARK,
    transferring: COMMIT,
    committing: COMMIT,
    draining: DRAIN,
    departing: DRAIN,
    aborting: EXIT,
    stopping: DRAIN,
  },
  child: {
    ready: { deadline: "commit", ms: CHILD_COMMIT_MS },
    relinquishing: { deadline: "relinquish", ms: DEADLINES.relinquishDeadlineMs },
  },
};
/** What a busy machine may keep a timer waiting. */
const OVERDUE_MS = 1_500;
/** A timer is never early, but it is set a moment after a state was published. */
const EARLY_MS = 50;

/** Each deadline bounds the wait that it is named for, and no other one: whoever gives up does so then. */
export function* waits(evidence: Evidence): Generator<Violation> {
  const begun = new Map<string, { wait: Wait | undefined; at: number }>();
  for (const line of evidence.lines) {
    if (line.type !== "step" || line.to === undefined) continue;
    const of = WAITS[line.role] ?? {};
    const who = `${line.pid} ${line.role}`;
    const last = begun.get(who);
    const next = of[line.to];
    if (line.text.endsWith(": deadlineExpired") && last?.wait !== undefined)
      yield* judged(evidence, line, last.wait, last.at);
    // A deadline runs on through all the states that name it.
    if (last === undefined || last.wait?.deadline !== next?.deadline)
      begun.set(who, { wait: next, at: line.at });
  }
}

function* judged(
  evidence: Evidence,
  line: Line & { type: "step" },
  { deadline, ms }: Wait,
  since: number,
): Generator<Violation> {
  const waitedMs = line.at - since;
  const text = `generation ${line.generation} waited ${Math.round(waitedMs)} ms (${line.text}), and its ${deadline} deadline is ${ms} ms`;
  if (waitedMs < ms - EARLY_MS) yield { invariant: "INV-6", text };
  if (waitedMs > ms + standstillMs(evidence, line.pid, since) + OVERDUE_MS)
    yield { invariant: "INV-5", text };
}

/** For how long a process could do nothing since then, because of the fault. */
function standstillMs({ fault }: Evidence, pid: number, since: number): number {
  const found = fault?.present.find((each) => each.pid === pid);
  if (fault === undefined || found === undefined) return 0;
  return Math.max(0, (found.struck ? fault.until : fault.at) - Math.max(since, found.stoppedAt));
}
