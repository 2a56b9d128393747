import type { Server } from "node:net";
import { ConnectionTracker, type DrainMode } from "./connection-tracker.js";

/** What became of the connections that were open when a generation began to drain. */
export interface DrainCounts {
  /** Ended by themselves, or were idle at the deadline. */
  readonly finished: number;
  /** Were in the middle of something at the drain deadline. */
  readonly cut: number;
  readonly durationMs: number;
}

/** Finishes what this generation accepted, over all of its servers. */
export class Drainer {
  readonly #trackers: ConnectionTracker[] = [];
  #drained: (() => void) | undefined;
  #begunAt = 0;
  #endedAt: number | undefined;
  #atBegin = 0;
  #cut = 0;

  add(server: Server): void {
    this.#trackers.push(new ConnectionTracker(server, () => this.#check()));
  }

  get open(): number {
    return this.#trackers.reduce((sum, { size }) => sum + size, 0);
  }

  /** Calls back once, when nothing is open any more; that can be at once. */
  begin(mode: DrainMode, drained: () => void): void {
    this.#begunAt = performance.now();
    this.#endedAt = undefined;
    this.#atBegin = this.open;
    this.#cut = 0;
    this.#drained = drained;
    for (const tracker of this.#trackers) tracker.begin(mode);
    this.#check();
  }

  resume(): void {
    this.#drained = undefined;
    for (const tracker of this.#trackers) tracker.resume();
  }

  cut(): void {
    this.#drained = undefined;
    for (const tracker of this.#trackers) this.#cut += tracker.cut();
  }

  counts(): DrainCounts {
    return {
      finished: this.#atBegin - this.#cut,
      cut: this.#cut,
      durationMs: (this.#endedAt ?? performance.now()) - this.#begunAt,
    };
  }

  #check(): void {
    if (this.#drained === undefined || this.open > 0) return;
    const drained = this.#drained;
    this.#drained = undefined;
    this.#endedAt = performance.now();
    drained();
  }
}
