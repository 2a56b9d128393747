import type { ControlAnswer, HandoffOutcome, StepAnswer } from "@heirloom/node-runtime/control";
import { drainingLine } from "./draining.js";
import { plain, type Terminal } from "./terminal.js";
import { ends, milliseconds } from "./units.js";

const meanings: Record<string, string> = {
  spawned: "the next release is started",
  accepted: "it boots",
  ready: "it could serve",
  commit: "the earlier one has stepped aside",
  committed: "it serves",
};

/** Shows a restart: on a terminal each step as it happens, elsewhere only what came of it. */
export class RestartView {
  readonly #terminal: Terminal;
  readonly #service: string;

  constructor(terminal: Terminal, service: string) {
    this.#terminal = terminal;
    this.#service = service;
  }

  show(answer: ControlAnswer): void {
    if (answer.type === "outcome") this.#outcome(answer);
    else if (!this.#terminal.live) return;
    else if (answer.type === "step") this.#step(answer);
    else if (answer.type === "draining") {
      this.#terminal.passing([this.#terminal.paint("dim", drainingLine(answer))]);
    } else if (answer.type === "queued") {
      const why =
        answer.behind === "restart"
          ? "a restart is under way; yours follows"
          : "waiting for the probation of the release that took over last";
      this.#terminal.line(`${this.#terminal.paint("bold", this.#service)}: ${why}`);
    } else if (answer.type === "passedOn") {
      this.#terminal.line(
        `${this.#service}: generation ${answer.owner.generation} serves, and goes on with your restart`,
      );
    }
  }

  #step({ step, atMs, parent, child }: StepAnswer): void {
    const { paint } = this.#terminal;
    if (step === "started") {
      this.#terminal.line(
        `${paint.call(this.#terminal, "bold", this.#service)}: generation ${parent.generation} (pid ${parent.pid}) starts generation ${child.generation}`,
      );
      return;
    }
    const pid = step === "spawned" && child.pid !== undefined ? ` as pid ${child.pid}` : "";
    const meaning = meanings[step] ?? "";
    this.#terminal.line(
      `  ${this.#terminal.paint("green", "✓")} ${plain(step).padEnd(9)} ${milliseconds(atMs).padStart(8)}  ${this.#terminal.paint("dim", meaning + pid)}`,
    );
  }

  #outcome(answer: Extract<ControlAnswer, { type: "outcome" }>): void {
    const { paint } = { paint: (...args: Parameters<Terminal["paint"]>) => this.#terminal.paint(...args) };
    if (answer.outcome === "stopped") return;
    if (answer.outcome === "alreadyCommitted") {
      this.#terminal.line(
        `${paint("green", "✓")} ${this.#service}: generation ${answer.generation} serves as pid ${answer.pid}`,
      );
    } else if (answer.outcome === "committed")
      this.#terminal.line(`${paint("green", "✓")} ${this.#service}: ${committed(answer)}`);
    else for (const line of failure(this.#service, answer)) this.#terminal.line(line);
  }
}

function committed({ generation, child, durationMs, drain }: HandoffOutcome): string {
  const successor = `generation ${child.generation} took over as pid ${child.pid} in ${milliseconds(durationMs)}`;
  if (drain === undefined) return successor;
  return `${successor}; generation ${generation} drained in ${milliseconds(drain.durationMs)}: ${ends({ ...drain })}`;
}

function failure(
  service: string,
  { outcome, generation, durationMs, error, output }: HandoffOutcome,
): string[] {
  const what = outcome === "rolledBack" ? "was rolled back" : "failed";
  return [
    `✗ ${service}: the restart ${what} after ${milliseconds(durationMs)}: ${plain(error?.message ?? "no reason is known")}`,
    ...(output === undefined
      ? []
      : ["  what was written to its log meanwhile:", ...output.map((line) => `    ${plain(line)}`)]),
    `  generation ${generation} serves on`,
  ];
}
