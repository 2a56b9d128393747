import { HandoffError, limits, type StatePhase } from "@heirloom/protocol";

/** What gives state out: all of it, or piece by piece. Pieces may have any size and may reuse one buffer. */
export type StateSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Gives state out in a format. May be called again: a handoff that failed is tried again.
 * An error ends the handoff with HOOK_FAILED; this generation serves on.
 */
export type Export = (version: number) => StateSource | Promise<StateSource>;

/** State on its way in: pieces in their order, or all of it at once. Either way it is read only once. */
export interface IncomingState extends AsyncIterable<Uint8Array> {
  /** The format of the bytes. */
  readonly version: number;
  /** `warm`: the parent still serves, and gives out its final state later. */
  readonly phase: StatePhase;
  /** All of it, in one piece. */
  bytes(): Promise<Uint8Array>;
}

/** One stream of an application's state. @see spec/v1/state.md */
export interface CarryOptions {
  /** The format that this release writes, 1 to 4,294,967,295. Default: 1. */
  readonly version?: number;
  /** The oldest format that `export` and `warm` still write when a child knows no later one. Default: `version`. */
  readonly oldestVersion?: number;
  /** Gives state out while this generation still serves, so that less is left for `export`. Default: there is none. */
  readonly warm?: Export;
  /** Gives state out once this generation accepts no more and its `onRetire` hooks are done. Clients wait meanwhile. */
  readonly export: Export;
  /**
   * Takes what the parent gave out: warm before this generation is ready, final before it is owner. Not called where
   * there is no parent, or where that has no such stream. An error refuses the state: the handoff ends with
   * STATE_REFUSED, and the parent serves on. Where the parent dies half-way, reading fails: apply only what is whole.
   */
  readonly import: (state: IncomingState) => unknown;
}

/** What has become of a stream in this generation. */
export interface CarriedStream {
  readonly name: string;
  /** How much of it was imported: `final`, or `warm` where the parent died in between, or `nothing`. */
  readonly imported: "nothing" | StatePhase;
}

/** A stream as this generation carries it. */
export interface Carried extends Required<Omit<CarryOptions, "warm">> {
  readonly name: string;
  /** Whether there is anything to carry just now. */
  readonly applies: boolean;
  readonly warm: Export | undefined;
}

/** What begins the names of this package's own streams. */
export const reservedPrefix = "heirloom.";

/** @throws HandoffError OPTION_INVALID */
export function checkCarryOptions(name: string, options: CarryOptions): Carried {
  const invalid = (what: string): never => {
    throw new HandoffError("OPTION_INVALID", { message: `stream ${JSON.stringify(name)}: ${what}` });
  };
  if (typeof name !== "string" || name === "" || Buffer.byteLength(name) > limits.nameBytesMax) {
    invalid(`the name must be a string of 1 to ${limits.nameBytesMax} bytes`);
  }
  if (name.startsWith(reservedPrefix)) invalid(`names that begin with ${reservedPrefix} are reserved`);
  const { version = 1, oldestVersion = version, warm } = options;
  for (const number of [version, oldestVersion]) {
    if (!Number.isInteger(number) || number < 1 || number > limits.integerMax)
      invalid(`version ${number} is not a whole number from 1 to ${limits.integerMax}`);
  }
  if (oldestVersion > version) invalid(`oldestVersion ${oldestVersion} is above version ${version}`);
  if (typeof options.export !== "function" || typeof options.import !== "function")
    invalid("give a function to export it and one to import it");
  if (warm !== undefined && typeof warm !== "function") invalid("warm must be a function");
  const { export: give, import: take } = options;
  return { name, version, oldestVersion, applies: true, warm, export: give, import: take };
}
