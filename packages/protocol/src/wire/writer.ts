import { HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { textBytes, writeText } from "./utf8.js";

/**
 * What ordinary messages are written into, one behind the other, each giving away the bytes that it has filled: runtimes
 * take long to make small arrays.
 */
let slab: Uint8Array | undefined;
let slabUsed = 0;
const slabBytes = 16_384;
/** At least so much is free when a message begins. */
const slabRestMin = 2_048;
/** The longest head of a value: its first byte, and a size of four. */
const headBytes = 5;

/**
 * Writes values, each part in its shortest form, behind a gap of so many bytes for the caller's use. Two may be at work at
 * once.
 * @throws HandoffError FRAME_TOO_LARGE, from any method
 * @see spec/v1/framing.md E-2
 */
export class Writer {
  #buffer: Uint8Array;
  #start: number;
  #at: number;
  readonly #bytesMax: number;

  constructor(gap: number) {
    if (slab === undefined || slabUsed > slabBytes - slabRestMin) {
      slab = new Uint8Array(slabBytes);
      slabUsed = 0;
    }
    this.#buffer = slab;
    this.#start = slabUsed;
    // Taken until it is given back: a writer that fails does not.
    slab = undefined;
    this.#at = this.#start + gap;
    this.#bytesMax = gap + limits.frameBytesMax;
  }

  /** What was written: bytes that nobody writes to any more, but the caller. Nothing may be written after it. */
  finish(): Uint8Array {
    const buffer = this.#buffer;
    // A message that outgrew the slab has a buffer of its own, larger than it needs.
    if (buffer.length !== slabBytes) return buffer.slice(0, this.#at);
    slab = buffer;
    slabUsed = this.#at;
    return buffer.subarray(this.#start, this.#at);
  }

  /** Begins a map of fewer than 16 entries. Returns what `closeMap` is to be given. */
  openMap(): number {
    this.#reserve(headBytes);
    return this.#at++ - this.#start;
  }

  closeMap(head: number, entries: number): void {
    this.#buffer[this.#start + head] = 0x80 | entries;
  }

  array(length: number): void {
    if (length < 16) this.#head(0x90 | length);
    else if (length < 0x10000) this.#sized(0xdc, 2, length);
    else this.#sized(0xdd, 4, length);
  }

  boolean(value: boolean): void {
    this.#head(value ? 0xc3 : 0xc2);
  }

  /** 0 to 4,294,967,295. */
  integer(value: number): void {
    if (value < 0x80) this.#head(value);
    else this.#shortest(0xcc, value);
  }

  bytes(value: Uint8Array): void {
    this.#shortest(0xc4, value.length);
    this.raw(value);
  }

  /** How many bytes of UTF-8 the text has; undefined, and nothing written, where the wire cannot say it. */
  text(value: string): number | undefined {
    if (value.length < 32 && this.#shortAscii(value)) return value.length;
    const length = textBytes(value);
    if (length === undefined) return undefined;
    if (length < 32) this.#head(0xa0 | length);
    else this.#shortest(0xd9, length);
    this.#reserve(length);
    writeText(value, length, this.#buffer, this.#at);
    this.#at += length;
    return length;
  }

  /** Bytes that are the form of a value already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** In one pass. What it has written of another text is written over. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    this.#reserve(headBytes + length);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = 0xa0 | length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return false;
      buffer[at++] = unit;
    }
    this.#at = at;
    return true;
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
    if (this.#at + bytes > this.#buffer.length) this.#grow(this.#at - this.#start + bytes);
  }

  #grow(needed: number): void {
    // The exact length is the frame's to check: here it is only kept from growing without bound.
    if (needed > this.#bytesMax + headBytes) throw tooLarge();
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(this.#start, this.#at));
    this.#buffer = grown;
    this.#at -= this.#start;
    this.#start = 0;
  }
}

/** The bytes of texts as values, to be written again and again. */
export function written(...texts: string[]): Uint8Array {
  const writer = new Writer(0);
  for (const text of texts) writer.text(text);
  return writer.finish().slice();
}

function tooLarge(): HandoffError {
  const message = `a message needs more than the ${limits.frameBytesMax} bytes of a frame: send less at a time`;
  return new HandoffError("FRAME_TOO_LARGE", { message });
}
