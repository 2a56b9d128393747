import type { ExitStatus, Posix } from "./posix.js";

/** Keeps this process running for its child's exit, and looks for one that no signal told. */
const lookEveryMs = 1_000;

/**
 * Learns of the exit of one child that was not started by node:child_process. The system sends SIGCHLD; which child it is about
 * the system is asked then, without waiting. Until it has answered the process ID cannot become another process's.
 */
export class ExitWatch {
  readonly #posix: Posix;
  readonly #pid: number;
  readonly #exited: (status: ExitStatus) => void;
  readonly #look = () => void this.exited;
  readonly #timer: NodeJS.Timeout;
  #status: ExitStatus | undefined;

  /** `exited` is called once, in a turn of the event loop of its own. */
  constructor(posix: Posix, pid: number, exited: (status: ExitStatus) => void) {
    this.#posix = posix;
    this.#pid = pid;
    this.#exited = exited;
    process.on("SIGCHLD", this.#look);
    this.#timer = setInterval(this.#look, lookEveryMs);
    // It may have ended before anybody listened.
    this.#look();
  }

  /** Whether the child has exited, as the system knows it now. */
  get exited(): boolean {
    if (this.#status !== undefined) return true;
    const status = this.#posix.wait(this.#pid);
    if (status === undefined) return false;
    this.#status = status;
    process.removeListener("SIGCHLD", this.#look);
    clearInterval(this.#timer);
    setImmediate(() => this.#exited(status));
    return true;
  }

  kill(): void {
    if (!this.exited) process.kill(this.#pid, "SIGKILL");
  }
}
