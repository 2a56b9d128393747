import type { ConnectionEnd } from "@heirloom/node-runtime";
import type { Invariant } from "../judge/evidence.js";
import type { Counters } from "../kernel/counters.js";
import type { Cell, Turn } from "../plan/cell.js";
import type { Phase } from "../run/watch.js";

/** What report.json holds. Times are milliseconds since the run's start. */
export interface Report {
  readonly format: 1;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  /** Repeats the run. */
  readonly command: string;
  readonly verdict: "kept" | "broken" | "interrupted";
  readonly environment: Readonly<Record<string, string>>;
  readonly counters: Counters;
  readonly totals: {
    readonly turns: number;
    readonly planned: number;
    readonly missed: number;
    readonly requests: number;
    readonly failed: number;
    readonly excused: number;
    readonly refused: number;
    /** Answers on a connection that another generation had answered on before. */
    readonly moved: number;
  };
  /** What became of the parents' connections, over all handoffs that came to their end. */
  readonly drain: DrainSum;
  readonly invariants: readonly {
    readonly invariant: Invariant;
    readonly promise: string;
    readonly broken: number;
    readonly examples: readonly string[];
  }[];
  /** What the cells' `moment` can be: the steps of a handoff in their order, then what is no step. */
  readonly moments: readonly Cell["moment"][];
  readonly cells: readonly CellReport[];
  readonly series: {
    readonly bucketMs: number;
    readonly requests: readonly number[];
    readonly p50Ms: readonly (number | null)[];
    readonly p99Ms: readonly (number | null)[];
    readonly failures: readonly number[];
  };
  readonly marks: readonly { readonly at: number; readonly lane: number; readonly what: string }[];
  /** For each lane, the lives of its generations. */
  readonly lanes: readonly (readonly Life[])[];
}

export interface DrainSum {
  readonly handoffs: number;
  readonly longestPauseMs: number;
  readonly classes: Readonly<Record<string, Readonly<Record<ConnectionEnd, number>>>>;
}

export interface CellReport extends Cell {
  readonly rounds: number;
  readonly broken: number;
  readonly missed: number;
  readonly failed: number;
  readonly excused: number;
  readonly recoveryMaxMs: number | undefined;
  /** The turns that broke a promise, the first few of them, or else the last turn. */
  readonly stories: readonly Story[];
}

/** One turn, as a person may want to follow it. Times are milliseconds since the handoff was asked for. */
export interface Story {
  readonly turn: Turn;
  readonly outcome: string;
  readonly violations: readonly { readonly invariant: Invariant; readonly text: string }[];
  readonly faultAt: number | undefined;
  readonly recoveryMs: number | undefined;
  /** What became of the parent's connections, if it came to its end. */
  readonly drain: DrainSum | undefined;
  readonly transcript: readonly { readonly at: number; readonly who: string; readonly text: string }[];
  /** The end of what the processes wrote to standard error. */
  readonly said: string;
  readonly requests: readonly StoryRequest[];
  readonly lives: readonly Life[];
}

export interface StoryRequest {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly generation?: number;
  readonly failure?: string;
}

export interface Life {
  readonly pid: number;
  readonly generation: number | undefined;
  readonly phases: readonly { readonly phase: Phase; readonly from: number; readonly to: number }[];
  readonly died: boolean;
}
