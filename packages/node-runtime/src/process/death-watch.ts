import { lives } from "./exists.js";

/** How long a child that saw the channel end looks for its parent's death before it takes the parent for alive. */
const lookMs = 1_000;
/** A parent's death shows in `ppid` at once or, measured, about a millisecond after the channel's end. */
const lookEveryMs = 1;
/** From then on: an owner waits for the end of a parent that has left the channel, and must not wake the machine often. */
const watchEveryMs = 1_000;

export interface DeathListener {
  /** The parent's process is gone. At most once, and nothing after it. */
  parentDied(): void;
  /** The parent's process is still there after a bounded look. At most once; `parentDied` may follow. */
  parentLives(): void;
}

/**
 * Tells a parent's death from a channel that ended for another reason. The operating system gives a process whose
 * parent is gone another one, so `ppid` is proof, not a guess.
 */
export class DeathWatch {
  readonly #parentPid: number;

  constructor(parentPid: number) {
    this.#parentPid = parentPid;
  }

  get parentIsGone(): boolean {
    return process.ppid !== this.#parentPid;
  }

  /**
   * Whether this process was started by its parent through another one, such as a shell that did not `exec`. `ppid`
   * then says nothing about the parent, and nothing else would be proof.
   */
  get isBlind(): boolean {
    return this.parentIsGone && lives(this.#parentPid);
  }

  /** To be called when the channel has ended. */
  look(listener: DeathListener): void {
    if (this.parentIsGone) {
      listener.parentDied();
      return;
    }
    let left = lookMs / lookEveryMs;
    const look = setInterval(() => {
      left -= 1;
      if (this.parentIsGone) {
        clearInterval(look);
        listener.parentDied();
      } else if (left <= 0) {
        clearInterval(look);
        listener.parentLives();
        this.#watch(listener);
      }
    }, lookEveryMs);
  }

  #watch(listener: DeathListener): void {
    const watch = setInterval(() => {
      if (!this.parentIsGone) return;
      clearInterval(watch);
      listener.parentDied();
    }, watchEveryMs).unref();
  }
}
