import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

const BOOK = "served-";

/** What the victim's processes write down of each request that they answer, one file for each process. */
export class Books {
  readonly #folder: string;
  readonly #readTo = new Map<string, number>();
  #early: ReadonlyMap<string, number> = new Map();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** How often each request was answered, of those that were written down since the last look or in the one before. */
  read(): Map<string, number> {
    const served = new Map<string, number>();
    if (!existsSync(this.#folder)) return served;
    for (const name of readdirSync(this.#folder)) {
      if (!name.startsWith(BOOK)) continue;
      for (const id of this.#added(name)) served.set(id, (served.get(id) ?? 0) + 1);
    }
    // A request of the next turn may have been answered already: its line was read with this turn's.
    const both = new Map(served);
    for (const [id, count] of this.#early) both.set(id, (both.get(id) ?? 0) + count);
    this.#early = served;
    return both;
  }

  #added(name: string): string[] {
    const path = join(this.#folder, name);
    const from = this.#readTo.get(name) ?? 0;
    const bytes = Buffer.alloc(Math.max(0, statSync(path).size - from));
    const file = openSync(path, "r");
    const read = readSync(file, bytes, 0, bytes.length, from);
    closeSync(file);
    const end = bytes.lastIndexOf("\n", read) + 1;
    this.#readTo.set(name, from + end);
    return bytes
      .toString("latin1", 0, end)
      .split("\n")
      .filter((id) => id !== "");
  }
}
