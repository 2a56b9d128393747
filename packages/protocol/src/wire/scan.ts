import { type Code, HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { repeatedKey } from "./key.js";
import { hasMark, isText } from "./utf8.js";

/**
 * Checks that the payload is exactly one value of the strict profile, in time and memory linear in its bytes. It reads
 * nothing: whoever reads the bytes afterwards meets no type, size, depth, key or text that the profile does not have.
 * @throws HandoffError ENCODING_*
 * @see spec/v1/framing.md E-1
 */
export function scan(payload: Uint8Array): void {
  const scanner = new Scanner(payload);
  scanner.value();
  scanner.end();
}

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Maps and arrays that are open here. */
  #depth = 0;
  /** Values announced so far. A container announces its content in its header, before any of it is looked at. */
  #values = 1;

  constructor(payload: Uint8Array) {
    this.#bytes = payload;
  }

  value(): void {
    const head = this.#head();
    if (head < 0x80) return;
    if (head < 0x90) this.#map(head & 0x0f);
    else if (head < 0xa0) this.#array(head & 0x0f);
    else if (head < 0xc0) this.#text(head & 0x1f);
    else this.#longValue(head);
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw this.#error("ENCODING_MALFORMED", `${rest} bytes after the end of the message`);
  }

  #longValue(head: number): void {
    if (head === 0xc2 || head === 0xc3) return;
    if (head >= 0xd9 && head <= 0xdb) this.#text(this.#unsigned(1 << (head - 0xd9)));
    else if (head >= 0xcc && head <= 0xce) this.#skip(1 << (head - 0xcc));
    else if (head === 0xcf) this.#integer64();
    else if (head >= 0xd0 && head <= 0xd3) this.#signed(1 << (head - 0xd0));
    else if (head >= 0xc4 && head <= 0xc6) this.#skip(this.#unsigned(1 << (head - 0xc4)));
    else if (head === 0xdc || head === 0xdd) this.#array(this.#unsigned(2 << (head - 0xdc)));
    else if (head === 0xde || head === 0xdf) this.#map(this.#unsigned(2 << (head - 0xde)));
    else if (head === 0xc1) throw this.#neverUsed();
    else throw this.#error("ENCODING_TYPE", typeNames(head));
  }

  #array(length: number): void {
    this.#open(length);
    for (let i = 0; i < length; i++) this.value();
    this.#depth--;
  }

  #map(length: number): void {
    this.#open(2 * length);
    const ends: number[] = [];
    const starts: number[] = [];
    for (let i = 0; i < length; i++) {
      const bytes = this.#keyLength();
      starts.push(this.#at);
      this.#text(bytes);
      ends.push(this.#at);
      this.value();
    }
    const again = repeatedKey(this.#bytes, starts, ends);
    if (again !== undefined) {
      this.#at = again;
      throw this.#error("ENCODING_KEY_DUPLICATE", "a key that its map already has");
    }
    this.#depth--;
  }

  /** Checks a container before anything in it, so that an announced size alone costs nothing. */
  #open(values: number): void {
    if (++this.#depth > limits.depthMax) {
      throw this.#error("ENCODING_DEPTH", `more than ${limits.depthMax} maps and arrays inside each other`);
    }
    this.#values += values;
    if (this.#values > limits.valuesMax) {
      throw this.#error("ENCODING_COUNT", `more than ${limits.valuesMax} values in one message`);
    }
  }

  #keyLength(): number {
    const head = this.#head();
    if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
    if (head >= 0xd9 && head <= 0xdb) return this.#unsigned(1 << (head - 0xd9));
    if (head === 0xc1) throw this.#neverUsed();
    throw this.#error("ENCODING_KEY", "a key that is not a string");
  }

  #text(length: number): void {
    const start = this.#at;
    this.#skip(length);
    if (hasMark(this.#bytes, start, this.#at)) {
      throw this.#error("ENCODING_UTF8", "a string that begins with a byte order mark");
    }
    if (!isText(this.#bytes, start, this.#at)) {
      throw this.#error("ENCODING_UTF8", "a string that is not well-formed UTF-8");
    }
  }

  #integer64(): void {
    if (this.#unsigned(4) > 0) throw this.#error("ENCODING_INTEGER", `an integer above ${limits.integerMax}`);
    this.#skip(4);
  }

  /** Some encoders write every integer as signed; what counts is its value. */
  #signed(width: number): void {
    this.#need(1);
    if ((this.#bytes[this.#at] as number) >= 0x80) throw this.#error("ENCODING_TYPE", "a negative integer");
    if (width === 8) this.#integer64();
    else this.#skip(width);
  }

  #head(): number {
    if (this.#at === this.#bytes.length) this.#need(1);
    return this.#bytes[this.#at++] as number;
  }

  #unsigned(width: number): number {
    this.#need(width);
    let value = 0;
    for (const end = this.#at + width; this.#at < end; this.#at++) {
      value = value * 256 + (this.#bytes[this.#at] as number);
    }
    return value;
  }

  #skip(bytes: number): void {
    this.#need(bytes);
    this.#at += bytes;
  }

  #need(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) {
      throw this.#error("ENCODING_MALFORMED", "the message cut short: its end is missing");
    }
  }

  #neverUsed(): HandoffError {
    return this.#error("ENCODING_MALFORMED", "0xc1, which MessagePack never uses");
  }

  #error(code: Code, found: string): HandoffError {
    return new HandoffError(code, { message: `a payload breaks the encoding at byte ${this.#at}: ${found}` });
  }
}

function typeNames(head: number): string {
  if (head === 0xc0) return "nil: an absent field is left out";
  if (head === 0xca || head === 0xcb) return "a floating-point number: only integers exist";
  if (head >= 0xe0) return "a negative integer";
  return "an extension type";
}
