import { HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { textBytes, writeText } from "./utf8.js";

/** Kept between messages, so that an ordinary one costs one allocation: that of its own bytes. */
let spare: Uint8Array | undefined;
const spareBytes = 4_096;
/** The longest head of a value: its first byte, and a size of four. */
const headBytes = 5;

/**
 * The bytes of a checked value, each part in its shortest form, behind a gap of so many bytes for the caller's use.
 * @throws HandoffError FRAME_TOO_LARGE
 * @see spec/v1/framing.md E-2
 */
export function pack(value: object, gap: number): Uint8Array {
  const writer = new Writer(gap);
  writer.value(value);
  return writer.finish();
}

class Writer {
  #buffer: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(gap: number) {
    this.#buffer = spare ?? new Uint8Array(spareBytes);
    // A writer that fails does not give the buffer back.
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

  value(value: unknown): void {
    if (typeof value === "number") this.#integer(value);
    else if (typeof value === "string") this.#text(value);
    else if (typeof value === "boolean") this.#head(value ? 0xc3 : 0xc2);
    else if (value instanceof Uint8Array) this.#bytes(value);
    else if (Array.isArray(value)) this.#array(value);
    else this.#map(value as Readonly<Record<string, unknown>>);
  }

  #map(map: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(map);
    this.#container(0x80, 0xde, keys.length);
    for (const key of keys) {
      this.#text(key);
      this.value(map[key]);
    }
  }

  #array(items: readonly unknown[]): void {
    this.#container(0x90, 0xdc, items.length);
    for (const item of items) this.value(item);
  }

  #container(short: number, long: number, length: number): void {
    if (length < 16) this.#head(short | length);
    else if (length < 0x10000) this.#sized(long, 2, length);
    else this.#sized(long + 1, 4, length);
  }

  #integer(value: number): void {
    if (value < 0x80) this.#head(value);
    else this.#shortest(0xcc, value);
  }

  #bytes(value: Uint8Array): void {
    this.#shortest(0xc4, value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  #text(value: string): void {
    if (value.length < 32 && this.#shortAscii(value)) return;
    const length = textBytes(value) as number;
    if (length < 32) this.#head(0xa0 | length);
    else this.#shortest(0xd9, length);
    this.#reserve(length);
    writeText(value, length, this.#buffer, this.#at);
    this.#at += length;
  }

  /** Keys, and most values, in one pass. What it has written of another text is written over. */
  #shortAscii(value: string): boolean {
    this.#reserve(headBytes + value.length);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = 0xa0 | value.length;
    for (let i = 0; i < value.length; i++) {
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
