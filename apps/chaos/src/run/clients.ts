import { type ChildProcess, fork } from "node:child_process";
import { getPriority, setPriority } from "node:os";
import type { Closure, FromClients, RequestRecord, Seen, Targets, ToClients } from "../load/record.js";

/** One process of clients, seen from the conductor. */
export class Clients {
  readonly #process: ChildProcess;
  #records: RequestRecord[] = [];
  #closures: Closure[] = [];
  #mark = 0;
  readonly #flushes = new Map<number, () => void>();

  constructor(program: string) {
    this.#process = fork(program, [], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] });
    // Like the victim: nicer than the conductor.
    if (this.#process.pid !== undefined) setPriority(this.#process.pid, Math.min(19, getPriority() + 5));
    this.#process.on("message", (message: FromClients) => {
      if (message.type === "seen") {
        this.#records.push(...message.records);
        this.#closures.push(...message.closures);
      } else this.#flushes.get(message.mark)?.();
    });
  }

  start(targets: Targets): void {
    this.#send({ type: "start", targets });
  }

  /** Resolves with everything that was asked before this call, and has ended. */
  flush(): Promise<Seen> {
    return this.#flushed("flush");
  }

  pause(): Promise<Seen> {
    return this.#flushed("pause");
  }

  /** Whether a new connection was answered by this process since the last flush. Looks only at what was reported. */
  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect();
    this.#process.kill("SIGKILL");
  }

  #flushed(type: "flush" | "pause"): Promise<Seen> {
    this.#mark += 1;
    const mark = this.#mark;
    return new Promise((resolve) => {
      this.#flushes.set(mark, () => {
        this.#flushes.delete(mark);
        const seen = { records: this.#records, closures: this.#closures };
        this.#records = [];
        this.#closures = [];
        resolve(seen);
      });
      this.#send({ type, mark });
    });
  }

  #send(message: ToClients): void {
    if (this.#process.connected) this.#process.send(message);
  }
}
