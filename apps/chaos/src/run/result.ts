import type { Evidence, Violation } from "../judge/evidence.js";
import { now } from "../now.js";
import type { Turn } from "../plan/cell.js";

/** One turn, judged. */
export interface TurnResult {
  readonly turn: Turn;
  /** The turn before in the same service, where this one's handoff was the first after it. */
  readonly unfollowed: Turn | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The moment never came. */
  readonly missed: boolean;
  /** The machine was too busy for the fault that was meant. */
  readonly late: boolean;
  readonly violations: readonly Violation[];
  /** What the victim's processes wrote to standard error. */
  readonly said: string;
  readonly failed: number;
  readonly excused: number;
  readonly recoveryMs: number | undefined;
  /** Of the struck handoff, and of the plain one after it. */
  readonly evidence: readonly Evidence[];
}

/** A turn for which there was no service. */
export function unplayed(
  turn: Turn,
  startedAt: number,
  { violation, said }: { readonly violation: Violation; readonly said: string },
): TurnResult {
  return {
    turn,
    unfollowed: undefined,
    startedAt,
    endedAt: now(),
    missed: false,
    late: false,
    violations: [violation],
    said,
    excused: 0,
    failed: 0,
    recoveryMs: undefined,
    evidence: [],
  };
}
