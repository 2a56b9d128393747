import { HandoffError } from "../error.js";
import { limits } from "../limits.js";

/** Bytes in front of every payload. */
export const prefixBytes = 4;

/**
 * One frame: the payload behind its length, as four bytes, most significant first.
 * @throws HandoffError FRAME_EMPTY, FRAME_TOO_LARGE
 * @see spec/v1/framing.md F-2, F-3
 */
export function encodeFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(prefixBytes + payload.length);
  frame.set(payload, prefixBytes);
  return seal(frame);
}

/** Fills in the length of the payload that stands behind the first `prefixBytes`. */
export function seal(frame: Uint8Array): Uint8Array {
  const length = frame.length - prefixBytes;
  checkLength(length, "to send");
  frame[0] = length >>> 24;
  frame[1] = length >>> 16;
  frame[2] = length >>> 8;
  frame[3] = length;
  return frame;
}

/**
 * Cuts a stream of bytes into the payloads of its frames, however the stream is split.
 * Holds at most one incomplete frame, and no more memory than twice the bytes that have arrived of it.
 * @see spec/v1/framing.md F-4 to F-7
 */
export class FrameDecoder {
  #prefix = 0;
  #prefixSeen = 0;
  #payload = new Uint8Array(0);
  #payloadSeen = 0;
  #failure: HandoffError | undefined;

  /** Why this stream cannot be read further. Look at it after each push: a broken frame may follow whole ones. */
  get failure(): HandoffError | undefined {
    return this.#failure;
  }

  /**
   * The payloads that this chunk completes, in order, as copies: the chunk may be reused. Payloads in front of a broken
   * frame are still returned, so that the outcome does not depend on how the stream was split; the error is then
   * `failure`, and what the next call throws.
   * @throws HandoffError FRAME_EMPTY, FRAME_TOO_LARGE; then the same one from every later call
   */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#failure !== undefined) throw this.#failure;
    const payloads: Uint8Array[] = [];
    try {
      for (let at = 0; at < chunk.length; ) at = this.#take(chunk, at, payloads);
    } catch (error) {
      this.#fail(error as HandoffError);
      if (payloads.length === 0) throw error;
    }
    return payloads;
  }

  /**
   * The stream has ended.
   * @throws HandoffError FRAME_TRUNCATED inside a frame; or the error that the stream already failed with
   */
  end(): void {
    if (this.#failure === undefined && this.#prefixSeen > 0) {
      const awaited =
        this.#prefixSeen < prefixBytes ? `of ${prefixBytes} bytes of its length` : `of ${this.#prefix} bytes`;
      const seen = this.#prefixSeen < prefixBytes ? this.#prefixSeen : this.#payloadSeen;
      const message = `the channel ended inside a frame, after ${seen} ${awaited}: its sender died while writing`;
      this.#fail(new HandoffError("FRAME_TRUNCATED", { message }));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take(chunk: Uint8Array, from: number, payloads: Uint8Array[]): number {
    let at = from;
    while (this.#prefixSeen < prefixBytes) {
      if (at === chunk.length) return at;
      this.#prefix = ((this.#prefix << 8) | (chunk[at++] as number)) >>> 0;
      this.#prefixSeen++;
      if (this.#prefixSeen === prefixBytes) checkLength(this.#prefix, "announced by the peer");
    }
    const piece = chunk.subarray(at, at + this.#prefix - this.#payloadSeen);
    this.#reserve(this.#payloadSeen + piece.length);
    this.#payload.set(piece, this.#payloadSeen);
    this.#payloadSeen += piece.length;
    if (this.#payloadSeen === this.#prefix) {
      payloads.push(this.#payload);
      this.#reset();
    }
    return at + piece.length;
  }

  /** Grows by doubling: a huge announced length costs nothing before its bytes come, and small pieces stay linear. */
  #reserve(bytes: number): void {
    if (bytes <= this.#payload.length) return;
    const grown = new Uint8Array(Math.min(this.#prefix, Math.max(bytes, 2 * this.#payload.length)));
    grown.set(this.#payload.subarray(0, this.#payloadSeen));
    this.#payload = grown;
  }

  #reset(): void {
    this.#prefix = 0;
    this.#prefixSeen = 0;
    this.#payload = new Uint8Array(0);
    this.#payloadSeen = 0;
  }

  #fail(failure: HandoffError): void {
    this.#reset();
    this.#failure = failure;
  }
}

function checkLength(bytes: number, what: string): void {
  if (bytes === 0) {
    throw new HandoffError("FRAME_EMPTY", {
      message: `a frame ${what} has no payload: every frame holds one message`,
    });
  }
  if (bytes > limits.frameBytesMax) {
    const message = `a frame ${what} has ${bytes} bytes, more than the ${limits.frameBytesMax} that a frame may have`;
    throw new HandoffError("FRAME_TOO_LARGE", { message });
  }
}
