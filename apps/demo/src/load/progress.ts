import type { Terminal } from "../terminal.js";
import type { Ledger } from "./ledger.js";
import type { Restart } from "./restarter.js";

const UPDATE_EVERY_MS = 100;

/** How far the run is: one line that changes on a terminal, a line for each restart elsewhere. */
export class Progress {
  readonly #timer: NodeJS.Timeout;
  #done = 0;
  #generation = 1;
  #phase = "";

  constructor(
    readonly terminal: Terminal,
    readonly ledger: Ledger,
    readonly asked: number,
  ) {
    this.#timer = setInterval(() => this.#update(), UPDATE_EVERY_MS);
  }

  restarted(restart: Restart): void {
    this.#done += 1;
    this.#generation = restart.toGeneration ?? this.#generation;
    if (this.terminal.live && restart.problem === undefined) return;
    const outcome = restart.problem
      ? this.terminal.paint("red", `FAILED: ${restart.problem}`)
      : `generation ${restart.toGeneration} answered after ${Math.round(restart.firstAnswerMs ?? 0)} ms`;
    const failed = `${this.ledger.failed} failed`;
    this.terminal.line(
      `restart ${this.#done} of ${this.asked}: ${outcome}; ${count(this.ledger.requests)} requests so far, ${failed}`,
    );
  }

  say(phase: string): void {
    this.#phase = phase;
    this.#update();
  }

  end(): void {
    clearInterval(this.#timer);
    this.terminal.status("");
  }

  #update(): void {
    const { requests, failed } = this.ledger;
    const counts = `${count(requests)} requests, `;
    const failures = this.terminal.paint(failed === 0 ? "green" : "red", `${count(failed)} failed`);
    const where = `restart ${this.#done} of ${this.asked}   generation ${this.#generation}`;
    this.terminal.status(`${this.#phase || where}   ${counts}${failures}`);
  }
}

function count(value: number): string {
  return value.toLocaleString("en");
}
