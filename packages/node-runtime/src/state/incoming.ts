import type { StatePhase } from "@heirloom/protocol";
import type { IncomingState } from "./carry-options.js";

/** One stream and phase on its way in: pieces are put in at one end, and the application takes them at the other. */
export class Incoming implements IncomingState {
  readonly version: number;
  readonly phase: StatePhase;
  /** Resolves once the last piece is here; rejects where it will never come. */
  readonly whole: Promise<void>;
  readonly #paced: () => void;
  readonly #pieces: Uint8Array[] = [];
  #becomeWhole!: () => void;
  #break!: (error: Error) => void;
  #isWhole = false;
  #busy = false;
  #discarding = false;
  #read = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** `paced` is called when the application has become free for more. */
  constructor(version: number, phase: StatePhase, paced: () => void) {
    this.version = version;
    this.phase = phase;
    this.#paced = paced;
    this.whole = new Promise((resolve, reject) => {
      this.#becomeWhole = resolve;
      this.#break = reject;
    });
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether the application has not come back for more since it was given something. */
  get busy(): boolean {
    return this.#busy;
  }

  put(piece: Uint8Array, last: boolean): void {
    if (piece.length > 0 && !this.#discarding) {
      this.#pieces.push(piece);
      this.#busy = true;
    }
    if (last) {
      this.#isWhole = true;
      this.#becomeWhole();
    }
    this.#wake?.();
  }

  /** No more will come. What is whole stays whole. */
  fail(error: Error): void {
    if (this.#isWhole) return;
    this.#failure = error;
    this.#break(error);
    this.#wake?.();
  }

  /** The application is done with it: what still comes is of no use. */
  discard(): void {
    this.#discarding = true;
    this.#pieces.length = 0;
    this.#free();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    if (this.#read) throw new TypeError("this state was read already: keep what was read");
    this.#read = true;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        yield piece;
        // Not before the application comes back for more: while it is busy with this piece, nothing is read.
        if (this.#pieces.length === 0) this.#free();
      } else if (this.#isWhole) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  #free(): void {
    this.#busy = false;
    this.#paced();
  }
}
