import { channel } from "node:diagnostics_channel";
import type { HandoffError, ListenerDisposition } from "@heirloom/protocol";
import { now } from "./clock.js";
import type { DrainCounts } from "./drain/tally.js";
import type { StreamReport } from "./state/exporter.js";

/** What one handoff did, as its parent saw it. */
export interface HandoffReport {
  /** `committed`: the child is owner. `aborted`: nothing changed. `rolledBack`: the child was owner and is gone; nothing changed in the end. */
  readonly outcome: "committed" | "aborted" | "rolledBack";
  /** The parent's generation. */
  readonly generation: number;
  readonly child: { readonly generation: number; readonly pid: number | undefined };
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** From the request to the child being owner, or to the failure. */
  readonly durationMs: number;
  /** In the order in which they were reached; milliseconds since the start. */
  readonly steps: readonly { readonly step: string; readonly atMs: number }[];
  /** What the child said about each listener; empty if it never did. */
  readonly listeners: readonly ListenerDisposition[];
  /** What became of each stream of state; missing where this generation carries none, or the child takes none. */
  readonly state?: readonly StreamReport[];
  /** Why it failed. */
  readonly error?: HandoffError;
  /** Connections that the child gave back as it ended, and that go on here; only of `rolledBack`, and only where there were any. */
  readonly returned?: number;
  /** What became of the parent's connections; only in the event at the end of a committed handoff. */
  readonly drain?: DrainCounts;
}

const handoffs = channel("heirloom:handoff");

export function publishReport(report: HandoffReport): void {
  if (handoffs.hasSubscribers) handoffs.publish(report);
}

const round = (ms: number) => Math.round(ms * 10) / 10;

/** Takes the times of a handoff's steps. */
export class HandoffRecord {
  readonly #startedAt = Date.now();
  readonly #start = now();
  readonly #steps: { step: string; atMs: number }[] = [];
  readonly #generation: number;
  pid: number | undefined;
  listeners: readonly ListenerDisposition[] = [];
  state: readonly StreamReport[] | undefined;
  returned = 0;

  constructor(generation: number) {
    this.#generation = generation;
  }

  reached(step: string): void {
    this.#steps.push({ step, atMs: round(now() - this.#start) });
  }

  report(outcome: HandoffReport["outcome"], error?: HandoffError): HandoffReport {
    return {
      outcome,
      generation: this.#generation,
      child: { generation: this.#generation + 1, pid: this.pid },
      startedAt: this.#startedAt,
      durationMs: round(now() - this.#start),
      steps: [...this.#steps],
      listeners: this.listeners,
      ...(this.state && { state: this.state }),
      ...(error && { error }),
      ...(this.returned > 0 && { returned: this.returned }),
    };
  }
}

/** One line for a person who reads the log. */
export function formatReport({
  outcome,
  generation,
  child,
  durationMs,
  steps,
  error,
  drain,
  returned = 0,
  state = [],
}: HandoffReport): string {
  const parent = `generation ${generation} (pid ${process.pid})`;
  const successor = `generation ${child.generation}${child.pid === undefined ? "" : ` (pid ${child.pid})`}`;
  const times = steps.map(({ step, atMs }) => `${step} ${atMs}`).join(", ");
  if (outcome === "committed") {
    const drained = drain ? `; ${formatDrain(drain)}` : "";
    const skipped = state.filter(({ outcome }) => outcome === "skipped").map(({ name }) => name);
    const lost = skipped.length > 0 ? `; state that it does not know: ${skipped.join(", ")}` : "";
    return `${parent} handed over to ${successor} in ${durationMs} ms (${times} ms)${lost}${drained}`;
  }
  const what = outcome === "aborted" ? "was aborted" : "was rolled back";
  const back = returned > 0 ? `; ${returned} connections came back` : "";
  return `${parent} serves on: its handoff to ${successor} ${what} after ${durationMs} ms: ${error?.message ?? "no reason is known"}${back}`;
}

/** `drained in 212 ms: 500 connections moved (none waited longer than 3 ms), 2 finished, 0 closed idle, 1 cut (upgraded: 1)` */
function formatDrain({
  durationMs,
  moved,
  finished,
  closed,
  cut,
  longestPauseMs,
  classes,
}: DrainCounts): string {
  const paused = moved > 0 ? ` (none waited longer than ${Math.ceil(longestPauseMs)} ms)` : "";
  const cutClasses = Object.entries(classes).filter(([, counts]) => counts.cut > 0);
  const which = cut > 0 ? ` (${cutClasses.map(([of, counts]) => `${of}: ${counts.cut}`).join(", ")})` : "";
  return `drained in ${Math.round(durationMs)} ms: ${moved} connections moved${paused}, ${finished} finished, ${closed} closed idle, ${cut} cut${which}`;
}
