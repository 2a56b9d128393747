import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Target } from "./connection.js";
import { KIND_NAMES, type KindName } from "./kinds/kind.js";
import type { ClientReport } from "./ledger.js";

/** Longer than any request may take, so that each ends by its own deadline first. */
const FINISH_DEADLINE_MS = 20_000;

/** One process of clients for each kind, apart from the service and from the one that restarts it. */
export class ClientProcesses {
  /** What went wrong with the clients themselves: makes the run's numbers worthless. */
  readonly problems: string[] = [];
  readonly #processes: { kind: KindName; child: ChildProcess; ended: Promise<void> }[];
  #ending = false;

  constructor(target: Target, clients: Record<KindName, number>, onReport: (report: ClientReport) => void) {
    const program = fileURLToPath(new URL("client-process.js", import.meta.url));
    this.#processes = KIND_NAMES.map((kind) => {
      const child = fork(program, [kind, target.host, String(target.port), String(clients[kind])], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      child.on("message", (report) => onReport(report as ClientReport));
      const ended = new Promise<void>((resolve) => {
        child.once("error", () => resolve());
        child.once("exit", (status, signal) => {
          if (!this.#ending || status !== 0)
            this.problems.push(`the ${kind} clients ended early (${signal ?? status})`);
          resolve();
        });
      });
      return { kind, child, ended };
    });
  }

  /** Lets each request that is under way come to its end, and starts no more. */
  finish(): Promise<void> {
    return this.#end("finish");
  }

  /** Ends at once; requests that are under way are not counted. */
  abandon(): Promise<void> {
    return this.#end("abandon");
  }

  async #end(how: "finish" | "abandon"): Promise<void> {
    this.#ending = true;
    for (const { child } of this.#processes) if (child.connected) child.send(how, () => {});
    const deadline = setTimeout(() => {
      for (const { child } of this.#processes) child.kill("SIGKILL");
    }, FINISH_DEADLINE_MS);
    await Promise.all(this.#processes.map(({ ended }) => ended));
    clearTimeout(deadline);
  }
}
