import { HandoffError } from "@heirloom/protocol";
import { now } from "./clock.js";

export type Hook = () => unknown;

/** Hooks up to a resume. */
interface Chain {
  /** What runs of it, in words. */
  running?: string | undefined;
  /** Whether nobody waits for it any more. */
  givenUp: boolean;
}

/** What the application wants done at the turning points of a generation's life. */
export class Hooks {
  readonly retire: Hook[] = [];
  readonly resume: Hook[] = [];
  readonly exit: Hook[] = [];
  #retired = false;
  /** Hooks run one after the other, also across turning points: a resume waits for the retire that it undoes. */
  #last: Promise<unknown> = Promise.resolve();
  #chain: Chain = { givenUp: false };
  /** When the last retire was asked for, by `now()`. */
  #retiredAt = 0;

  /** Stops exclusive work, unless it is stopped. Undefined: there was nothing to do. */
  runRetire(): Promise<void> | undefined {
    if (this.#retired) return undefined;
    this.#retired = true;
    this.#retiredAt = now();
    return this.#run("onRetire", this.retire);
  }

  /**
   * `retireMs`: how long the retire that is undone may take in all. What has not returned by then is waited for no longer, and
   * `log` is told: one hook that hangs must not keep the others from running for ever. Should it return after all, what it has
   * stopped is resumed once more. `log` is told what fails, too. Resolves when the first resume is over; undefined: there was
   * nothing to do.
   */
  runResume(retireMs: number, log: (line: string) => void): Promise<void> | undefined {
    if (!this.#retired) return undefined;
    this.#retired = false;
    const resume = () => this.#run("onResume", this.resume)?.catch((error: Error) => log(error.message));
    this.#waitFor(this.#retiredAt + retireMs - now(), log, () => {
      if (!this.#retired) void resume();
    });
    return resume();
  }

  runExit(): Promise<void> | undefined {
    return this.#run("onExit", this.exit);
  }

  #run(name: string, hooks: readonly Hook[]): Promise<void> | undefined {
    if (hooks.length === 0) return undefined;
    const chain = this.#chain;
    const run = this.#last.then(async () => {
      try {
        for (const [i, hook] of hooks.entries()) {
          // The resume has run without waiting: whatever this would still do, nothing would undo.
          if (chain.givenUp) return;
          chain.running = `${name} hook ${hook.name || `number ${i + 1}`}`;
          await hook();
          chain.running = undefined;
        }
      } catch (cause) {
        const message = `the application's ${name} hook failed (${cause instanceof Error ? cause.message : String(cause)}): see the cause`;
        throw new HandoffError("HOOK_FAILED", { message, cause });
      }
    });
    this.#last = run.catch(() => {});
    return run;
  }

  /** What comes next waits for what came before, but for so long at most. `late`: it returned after that. */
  #waitFor(ms: number, log: (line: string) => void, late: () => void): void {
    const chain = this.#chain;
    const before = this.#last;
    this.#chain = { givenUp: false };
    this.#last = new Promise<void>((resolve) => {
      const giveUp = () => {
        chain.givenUp = true;
        log(
          `the application's ${chain.running} has not returned, and nobody waits for it any more: see to it that it does, or rejects, within parkDeadlineMs`,
        );
        resolve();
      };
      const timer = setTimeout(giveUp, Math.max(0, ms));
      void before.then(() => {
        if (chain.givenUp) return late();
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
