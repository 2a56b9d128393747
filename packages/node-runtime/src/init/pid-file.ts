import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { HandoffError } from "@heirloom/protocol";

/** A file that holds the owner's process ID at every moment: it is replaced, never written to. */
export class PidFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws HandoffError OPTION_INVALID where the file cannot be written */
  write(): void {
    // One name for all generations: what a process that was killed here leaves, the next owner takes over.
    const temporary = `${this.#path}.new`;
    try {
      writeFileSync(temporary, `${process.pid}\n`, { mode: 0o644 });
      renameSync(temporary, this.#path);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new HandoffError("OPTION_INVALID", {
        message: `the PID file ${this.#path} cannot be written (${code}): let pidFile name a file in a folder that this user may write`,
        cause,
      });
    }
  }

  /** Removes it, unless it is another process's by now. */
  remove(): void {
    try {
      if (readFileSync(this.#path, "utf8").trim() === String(process.pid)) unlinkSync(this.#path);
    } catch {
      // Gone already, or in a folder that may no longer be written.
    }
  }
}
