import type { ExitStatus, Posix } from "@heirloom/node-runtime/keeper";

/** Statuses that are remembered: of those that ended last. */
const rememberedMax = 64;
/** Collects every descendant that ends without a parent of its own, as process 1 has to, and remembers how it ended. */
export class Reaper {
  readonly #posix: Posix;
  readonly #ended = new Map<number, ExitStatus>();

  constructor(posix: Posix) {
    this.#posix = posix;
    posix.becomeReaper();
    // The kernel tells of one that was dead before it became this process's child, too.
    process.on("SIGCHLD", () => this.#collect());
  }

  /** How this process ended; undefined while it runs, or where it was another one's child. */
  statusOf(pid: number): ExitStatus | undefined {
    this.#collect();
    return this.#ended.get(pid);
  }

  #collect(): void {
    for (let ended = this.#posix.waitForAny(); ended !== undefined; ended = this.#posix.waitForAny()) {
      const { pid, code, signal } = ended;
      this.#ended.set(pid, { code, signal });
      const [oldest] = this.#ended.keys();
      if (this.#ended.size > rememberedMax && oldest !== undefined) this.#ended.delete(oldest);
    }
  }
}
