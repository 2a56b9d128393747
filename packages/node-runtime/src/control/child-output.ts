import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const stderr = 2;
const bytesMax = 8_192;
const linesMax = 12;

/**
 * What a child wrote to standard error, where that is a file. Everything else (a terminal, a pipe, the journal) cannot be read
 * again, and is the child's own: a pipe of this process would break with it.
 */
export class ChildOutput {
  #from: number | undefined;

  /** What is written from here on is the child's, or this process's own. */
  mark(): void {
    this.#from = sizeOf(stderr);
  }

  /** The last lines since the mark; undefined where there is nothing to read. */
  read(): string[] | undefined {
    const end = sizeOf(stderr);
    if (end === undefined || this.#from === undefined || end <= this.#from) return undefined;
    const start = Math.max(this.#from, end - bytesMax);
    return lastLines(start, end - start);
  }
}

function lastLines(start: number, length: number): string[] | undefined {
  try {
    // Opened anew: the descriptor that was inherited is for writing.
    const file = openSync(`/proc/self/fd/${stderr}`, "r");
    const bytes = Buffer.alloc(length);
    const size = readSync(file, bytes, 0, length, start);
    closeSync(file);
    const lines = bytes.toString("utf8", 0, size).split("\n");
    const told = lines.filter((line) => line.trim() !== "" && !line.startsWith("heirloom: "));
    return told.length === 0 ? undefined : told.slice(-linesMax);
  } catch {
    return undefined;
  }
}

function sizeOf(descriptor: number): number | undefined {
  try {
    const found = fstatSync(descriptor);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
