import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type FailedEvent,
  type HandoffEvent,
  LAUNCHER_VARIABLE,
  type OwnerEvent,
  parseServiceEvent,
} from "./events.js";

interface Events {
  owner: [OwnerEvent];
  handoff: [HandoffEvent];
  /** A line that a generation wrote to its standard output and that is no event. */
  output: [string];
}

/**
 * The service as its launcher sees it: processes that come and go, while standard input and output stay the same.
 * Generations write events into the one and end when the other ends, so that none outlives its launcher.
 */
export class ServiceProcess extends EventEmitter<Events> {
  /** The generation that serves now; undefined before the first one does. */
  owner: OwnerEvent | undefined;
  failure: FailedEvent | undefined;
  /** Of all generations, in the order in which they were over. */
  readonly handoffs: HandoffEvent[] = [];
  hasEnded = false;
  /** Resolves when the last generation is gone: nobody is left who holds the other end of the output. */
  readonly ended: Promise<void>;

  readonly #pids = new Set<number>();
  readonly #told = new Set<number>();
  #stopping = false;

  constructor(options: { host: string; port: number }) {
    super();
    const child = spawnFirstGeneration(options);
    if (child.pid !== undefined) this.#pids.add(child.pid);

    // Node destroys the standard input of a child that exits. It is the lifeline of all later generations: keep it.
    const lifeline = child.stdin;
    child.stdin = null;
    lifeline?.on("error", () => {}); // a service that dies first is seen at its output

    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      const output = child.stdout;
      if (!output) return reject(new Error("the first generation has no standard output"));
      createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })
        .on("line", (line) => this.#onLine(line))
        .once("close", () => {
          lifeline?.destroy();
          this.hasEnded = true;
          resolve();
        });
    });
  }

  /** Resolves with the first owner, or with undefined if the service ended before there was one. */
  async started(): Promise<OwnerEvent | undefined> {
    if (this.owner) return this.owner;
    const owner = new Promise<OwnerEvent>((resolve) => this.once("owner", resolve));
    return Promise.race([owner, this.ended.then(() => undefined)]);
  }

  /** Why handoffs failed, in order. */
  failures(): string[] {
    const failed = this.handoffs.filter(({ outcome }) => outcome !== "committed");
    return failed.map(({ outcome, error }) => `${outcome}: ${error?.message ?? "no reason given"}`);
  }

  /** Asks the current generation to hand over. */
  restart(): void {
    if (this.owner) signal(this.owner.pid, "SIGHUP");
  }

  /**
   * Asks the service to end in order: each generation that is or becomes owner is told once, since the one that is
   * told first may be handing over at that very moment.
   */
  stop(): void {
    this.#stopping = true;
    if (this.owner) this.#tellToStop(this.owner.pid);
    else for (const pid of this.#pids) this.#tellToStop(pid);
  }

  /** Ends every process of the service that is known, at once. */
  kill(): void {
    for (const pid of this.#pids) signal(pid, "SIGKILL");
  }

  #onLine(line: string): void {
    const event = parseServiceEvent(line);
    if (event?.event === "owner") {
      this.owner = event;
      this.#pids.add(event.pid);
      this.emit("owner", event);
      if (this.#stopping) this.#tellToStop(event.pid);
    } else if (event?.event === "handoff") {
      // It exits now, and its number is free for any other process: never signal it again.
      if (event.outcome === "committed") this.#pids.delete(event.pid);
      this.handoffs.push(event);
      this.emit("handoff", event);
    } else if (event?.event === "failed") {
      this.failure = event;
    } else {
      this.emit("output", line);
    }
  }

  #tellToStop(pid: number): void {
    if (this.#told.has(pid)) return;
    this.#told.add(pid);
    signal(pid, "SIGTERM");
  }
}

function spawnFirstGeneration({ host, port }: { host: string; port: number }): ChildProcess {
  const program = fileURLToPath(new URL("server.js", import.meta.url));
  return spawn(process.execPath, [program], {
    // A session of its own: Ctrl-C reaches the launcher alone, which then ends the service once.
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, HOST: host, PORT: String(port), [LAUNCHER_VARIABLE]: "1" },
  });
}

/** A process that is already gone needs no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
