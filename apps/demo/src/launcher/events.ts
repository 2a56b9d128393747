import type { DrainCounts } from "@heirloom/node-runtime";

/** What a generation tells the launcher: one JSON object a line, on the standard output that all generations inherit. */
export type ServiceEvent = OwnerEvent | HandoffEvent | FailedEvent;

/** This generation accepts connections now. */
export interface OwnerEvent {
  event: "owner";
  generation: number;
  pid: number;
  host: string;
  port: number;
}

/** A handoff is over; told by its parent. A committed one is told after the drain, just before the parent exits. */
export interface HandoffEvent {
  event: "handoff";
  outcome: "committed" | "aborted" | "rolledBack";
  generation: number;
  pid: number;
  childGeneration: number;
  durationMs: number;
  error?: { code: string; message: string };
  drain?: DrainCounts;
}

/** This generation can't serve, and ends. */
export interface FailedEvent {
  event: "failed";
  pid: number;
  code: string;
  message: string;
}

/** Set in the environment of a generation that a launcher has started, and so of all that follow. */
export const LAUNCHER_VARIABLE = "HEIRLOOM_DEMO_LAUNCHER";

/** The event in a line of output, or undefined if the line is something else. */
export function parseServiceEvent(line: string): ServiceEvent | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value?.event === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
