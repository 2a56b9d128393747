import { HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { writeText } from "./utf8.js";

/** Kept between messages, so that an ordinary one costs one allocation: that of its own bytes. */
let spare: Uint8Array | undefined;
const spareBytes = 4_096;
/** The longest head of a value: its first byte, and a size of four. */
const headBytes = 5;

/**
 * Writes MessagePack values, each in its shortest form. What is written must have been checked before.
 * Every method throws HandoffError FRAME_TOO_LARGE.
 * @see spec/v1/framing.md E-2
 */
export class Writer {
  #buffer: Uint8Array;
  #at: number;
  readonly #end: number;

  /** Leaves `gap` bytes in front for the caller's use. */
  constructor(gap: number) {
    this.#buffer = spare ?? new Uint8Array(spareBytes);
    // Whoever starts another message before this one is finished gets another buffer.
    spare = undefined;
    this.#at = gap;
    this.#end = gap + limits.frameBytesMax;
  }

  /** What was written, as a copy. Nothing may be written after it. */
  finish(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.#at);
    if (this.#buffer.length === spareBytes) spare = this.#buffer;
    return bytes;
  }

  map(keys: number): void {
    this.#head(0x80 | keys);
  }

  /** A key, or a word of the protocol: ASCII, and shorter than 32. */
  word(word: string): void {
    this.#reserve(word.length + 1);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = 0xa0 | word.length;
    for (let i = 0; i < word.length; i++) buffer[at++] = word.charCodeAt(i);
    this.#at = at;
  }

  array(items: number): void {
    if (items < 16) this.#head(0x90 | items);
    else this.#sized(items < 0x10000 ? 0xdc : 0xdd, items < 0x10000 ? 2 : 4, items);
  }

  boolean(value: boolean): void {
    this.#head(value ? 0xc3 : 0xc2);
  }

  integer(value: number): void {
    if (value < 0x80) this.#head(value);
    else this.#shortest(0xcc, value);
  }

  bytes(value: Uint8Array): void {
    this.#shortest(0xc4, value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  /** `length` is in bytes. */
  text(value: string, length: number): void {
    if (length < 32) this.#head(0xa0 | length);
    else this.#shortest(0xd9, length);
    this.#reserve(length);
    writeText(value, length, this.#buffer, this.#at);
    this.#at += length;
  }

  /** Three forms, for a size of 1, 2 and 4 bytes, whose first bytes follow each other. */
  #shortest(first: number, size: number): void {
    if (size < 0x100) this.#sized(first, 1, size);
    else if (size < 0x10000) this.#sized(first + 1, 2, size);
    else this.#sized(first + 2, 4, size);
  }

  #sized(first: number, width: number, size: number): void {
    this.#head(first);
    for (let shift = 8 * width - 8; shift >= 0; shift -= 8) this.#buffer[this.#at++] = size >>> shift;
  }

  #head(first: number): void {
    this.#reserve(headBytes);
    this.#buffer[this.#at++] = first;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    // The exact length is the frame's to check: here it is only kept from growing without bound.
    if (needed > this.#end + headBytes) throw tooLarge();
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }
}

function tooLarge(): HandoffError {
  const message = `a message needs more than the ${limits.frameBytesMax} bytes of a frame: send less at a time`;
  return new HandoffError("FRAME_TOO_LARGE", { message });
}
