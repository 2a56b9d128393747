import { limits } from "@heirloom/protocol";
import type { StateSource } from "./carry-options.js";

export interface Piece {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/**
 * Cuts what an application gives out into pieces as large as a message takes. Holds one of them at most, and looks for no
 * more before that one has been taken. The bytes are good until the next piece is asked for.
 * @throws TypeError where the source is none, or gives out what is no bytes
 */
export async function* piecesOf(source: StateSource): AsyncGenerator<Piece, void, void> {
  const piece = new Uint8Array(limits.stateChunkBytesMax);
  let filled = 0;
  for await (const bytes of partsOf(source)) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("it gave out something that is not a Uint8Array");
    for (let at = 0; at < bytes.length; ) {
      if (filled === piece.length) {
        yield { bytes: piece, last: false };
        filled = 0;
      }
      const part = bytes.subarray(at, at + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
    }
  }
  yield { bytes: piece.subarray(0, filled), last: true };
}

function partsOf(source: StateSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) return [source];
  if (source !== null && typeof source === "object") {
    if (Symbol.asyncIterator in source || Symbol.iterator in source) return source;
  }
  throw new TypeError("it gave out neither a Uint8Array nor an iterable of them");
}
