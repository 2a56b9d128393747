import { closeSync, writeFileSync } from "node:fs";
import type { Script } from "node:vm";
import { loadCLibrary } from "../syscalls/c-library.js";

/** The runtime itself, as its entry has compiled it. @see entry/load.ts */
export interface Compiled {
  readonly script: Script;
  /** What has to be the same where the compiled code is used: Node, and each byte of the source. */
  readonly stamp: readonly Buffer[];
  /** The environment variable that leads to the compiled code: a file of the stamp, followed by V8's data. */
  readonly variable: string;
}

/** Undefined, or not even there, where the sources run as they are. */
declare const compiled: Compiled | undefined;

const MFD_CLOEXEC = 1;

/**
 * What the runtime has had compiled of itself so far, for children to start with: they boot up to half as long. It is kept in
 * memory, under a descriptor of this process: no other user reads or changes it, and nothing is left when the process is gone.
 */
export class CompiledCode {
  #path = "";
  #asked = false;

  /** Stops this process for 3 ms. Where it is not possible, children compile for themselves. */
  async keep(): Promise<void> {
    if (this.#asked || typeof compiled === "undefined") return;
    this.#asked = true;
    const { script, stamp } = compiled;
    const c = process.platform === "linux" ? await loadCLibrary() : undefined;
    if (c === undefined) return;
    const create = c.library.func("int memfd_create(const char *name, unsigned int flags)");
    const descriptor: number = create("heirloom-compiled", MFD_CLOEXEC);
    if (descriptor < 0) return;
    try {
      writeFileSync(descriptor, Buffer.concat([...stamp, script.createCachedData()]));
      this.#path = `/proc/${process.pid}/fd/${descriptor}`;
    } catch {
      closeSync(descriptor);
    }
  }

  /** What leads a child to it, and not to what this process was led to. */
  get environment(): NodeJS.ProcessEnv {
    return typeof compiled === "undefined" ? {} : { [compiled.variable]: this.#path };
  }
}
