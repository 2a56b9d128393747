import type { Evidence, Violation } from "../judge/evidence.js";
import type { Turn } from "../plan/cell.js";

/** One turn, judged. */
export interface TurnResult {
  readonly turn: Turn;
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
