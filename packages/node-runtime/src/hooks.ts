import { HandoffError } from "@heirloom/protocol";

export type Hook = () => unknown;

/** What the application wants done at the turning points of a generation's life. */
export class Hooks {
  readonly retire: Hook[] = [];
  readonly resume: Hook[] = [];
  readonly exit: Hook[] = [];
  #retired = false;
  /** Hooks run one after the other, also across turning points: a resume waits for the retire that it undoes. */
  #last: Promise<unknown> = Promise.resolve();

  /** Stops exclusive work, unless it is stopped. Undefined: there was nothing to do. */
  runRetire(): Promise<void> | undefined {
    if (this.#retired) return undefined;
    this.#retired = true;
    return this.#run("onRetire", this.retire);
  }

  runResume(): Promise<void> | undefined {
    if (!this.#retired) return undefined;
    this.#retired = false;
    return this.#run("onResume", this.resume);
  }

  runExit(): Promise<void> | undefined {
    return this.#run("onExit", this.exit);
  }

  #run(name: string, hooks: readonly Hook[]): Promise<void> | undefined {
    if (hooks.length === 0) return undefined;
    const run = this.#last.then(async () => {
      try {
        for (const hook of hooks) await hook();
      } catch (cause) {
        const message = `the application's ${name} hook failed (${cause instanceof Error ? cause.message : String(cause)}): see the cause`;
        throw new HandoffError("HOOK_FAILED", { message, cause });
      }
    });
    this.#last = run.catch(() => {});
    return run;
  }
}
