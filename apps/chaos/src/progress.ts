import type { Collector } from "./report/collector.js";

const LINE_EVERY_MS = 10_000;
const REDRAW_EVERY_MS = 250;

/** What is going on, on standard error: one line that is redrawn on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #planned: number;
  readonly #collector: Collector;
  readonly #startedAt = performance.now();
  readonly #running = new Map<number, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(planned: number, collector: Collector) {
    this.#planned = planned;
    this.#collector = collector;
    const terminal = process.stderr.isTTY;
    this.#timer = setInterval(
      () => {
        if (!terminal) process.stderr.write(`${this.#line()}\n`);
        else process.stderr.write(`\r\u001b[K${this.#line().slice(0, (process.stderr.columns ?? 80) - 1)}`);
      },
      terminal ? REDRAW_EVERY_MS : LINE_EVERY_MS,
    );
  }

  running(lane: number, turn: string): void {
    this.#running.set(lane, turn);
  }

  /** Says something that stays. */
  note(text: string): void {
    process.stderr.write(`${process.stderr.isTTY ? "\r\u001b[K" : ""}${text}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  }

  #line(): string {
    const { turns, broken, requests, failed, excused } = this.#collector;
    const perTurnMs = turns === 0 ? 0 : (performance.now() - this.#startedAt) / turns;
    const left = turns === 0 ? "?" : `${Math.ceil(((this.#planned - turns) * perTurnMs) / 1_000)} s`;
    const cells = [...this.#running.values()].join(" ");
    return `${turns}/${this.#planned} turns, ${broken} broken, ${requests} requests, ${failed - excused} lost, ${left} left | ${cells}`;
  }
}
