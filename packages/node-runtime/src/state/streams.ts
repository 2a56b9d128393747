import { HandoffError, limits } from "@heirloom/protocol";
import type { Carried } from "./carry-options.js";

/** The streams that one generation carries. */
export class Streams {
  readonly #streams = new Map<string, Carried>();

  /** `builtIn`: this package's own, which come before the application's. */
  constructor(builtIn: readonly Carried[] = []) {
    for (const stream of builtIn) this.#streams.set(stream.name, stream);
  }

  /** In the order in which they were named. */
  get names(): string[] {
    return [...this.#streams.values()].filter(({ applies }) => applies).map(({ name }) => name);
  }

  get(name: string): Carried | undefined {
    const stream = this.#streams.get(name);
    return stream?.applies ? stream : undefined;
  }

  /** @throws HandoffError OPTION_INVALID where there is one of this name, or there are too many */
  add(stream: Carried): void {
    if (this.#streams.has(stream.name)) {
      throw new HandoffError("OPTION_INVALID", {
        message: `two streams are called ${JSON.stringify(stream.name)}: give each carry() a name of its own`,
      });
    }
    if (this.#streams.size === limits.streamsMax) {
      throw new HandoffError("OPTION_INVALID", {
        message: `a generation carries at most ${limits.streamsMax} streams, its own among them: put several things into one`,
      });
    }
    this.#streams.set(stream.name, stream);
  }
}
