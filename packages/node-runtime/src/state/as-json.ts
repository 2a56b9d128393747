import type { CarryOptions, IncomingState } from "./carry-options.js";

/** State that is one plain value. */
export interface JsonOptions<T> extends Pick<CarryOptions, "version" | "oldestVersion"> {
  /** Gives the value out: whatever JSON can say. */
  readonly export: (version: number) => T | Promise<T>;
  /** Takes the value, as it was written in format `version`. */
  readonly import: (value: T, from: Pick<IncomingState, "version" | "phase">) => unknown;
}

/** Carries one plain value, as JSON: `generation.carry("hits", asJson({ export: () => hits, import: (n) => { hits = n; } }))`. */
export function asJson<T>({ export: give, import: take, ...versions }: JsonOptions<T>): CarryOptions {
  return {
    ...versions,
    export: async (version) => {
      const text = JSON.stringify(await give(version));
      if (text === undefined) throw new TypeError("JSON cannot say what it gave out");
      return Buffer.from(text);
    },
    import: async (state) => take(JSON.parse(Buffer.from(await state.bytes()).toString()) as T, state),
  };
}
