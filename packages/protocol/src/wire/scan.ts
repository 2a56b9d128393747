import { type Code, HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { KeyStack } from "./key.js";
import { hasMark, isText } from "./utf8.js";

/**
 * Checks that the first `length` bytes are exactly one value of the strict profile, in time and memory linear in them. It
 * reads nothing: whoever reads the bytes afterwards meets no type, size, depth, key or text that the profile does not have.
 * Returns whether there are byte strings among the values.
 * @throws HandoffError ENCODING_*
 * @see spec/v1/framing.md E-1
 */
export function scan(payload: Uint8Array, length: number): boolean {
  const scanner = new Scanner(payload, length);
  const end = scanner.value(0);
  if (end < length) throw malformed(end, `${length - end} bytes after the end of the message`);
  return scanner.hasBytes;
}

/** Each method takes where something begins, and returns where it ends. */
class Scanner {
  hasBytes = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #keys: KeyStack;
  /** Maps and arrays that are open here. */
  #depth = 0;
  /** Values announced so far. A container announces its content in its header, before any of it is looked at. */
  #values = 1;

  constructor(payload: Uint8Array, length: number) {
    this.#bytes = payload;
    this.#end = length;
    this.#keys = new KeyStack(payload);
  }

  value(at: number): number {
    const head = this.#head(at);
    if (head < 0x80) return at + 1;
    if (head < 0x90) return this.#map(at + 1, head & 0x0f);
    if (head < 0xa0) return this.#array(at + 1, head & 0x0f);
    if (head < 0xc0) return this.#text(at + 1, head & 0x1f);
    return this.#longValue(at + 1, head);
  }

  #longValue(at: number, head: number): number {
    if (head === 0xc2 || head === 0xc3) return at;
    if (head >= 0xcc && head <= 0xce) return this.#skip(at, 1 << (head - 0xcc));
    if (head === 0xcf) return this.#integer64(at);
    if (head >= 0xd0 && head <= 0xd3) return this.#signed(at, 1 << (head - 0xd0));
    if (head === 0xc1) throw neverUsed(at);
    const width = widthOfSize(head);
    if (width === 0) throw broken("ENCODING_TYPE", at, typeNames(head));
    const size = this.#unsigned(at, width);
    if (head >= 0xde) return this.#map(at + width, size);
    if (head >= 0xdc) return this.#array(at + width, size);
    if (head >= 0xd9) return this.#text(at + width, size);
    this.hasBytes = true;
    return this.#skip(at + width, size);
  }

  #array(start: number, length: number): number {
    this.#open(start, length);
    let at = start;
    for (let i = 0; i < length; i++) at = this.value(at);
    this.#depth--;
    return at;
  }

  #map(start: number, length: number): number {
    this.#open(start, 2 * length);
    const keys = this.#keys;
    const base = keys.height;
    let at = start;
    for (let i = 0; i < length; i++) {
      const end = this.#key(at);
      at = this.value(end);
    }
    const again = keys.repeatedFrom(base);
    if (again !== undefined) throw broken("ENCODING_KEY_DUPLICATE", again, "a key that its map already has");
    this.#depth--;
    return at;
  }

  #key(at: number): number {
    const head = this.#head(at);
    let start = at + 1;
    let length = head & 0x1f;
    if (head < 0xa0 || head >= 0xc0) {
      if (head === 0xc1) throw neverUsed(at);
      if (head < 0xd9 || head > 0xdb) throw broken("ENCODING_KEY", at, "a key that is not a string");
      const width = 1 << (head - 0xd9);
      length = this.#unsigned(start, width);
      start += width;
    }
    const end = this.#text(start, length);
    this.#keys.push(start, end);
    return end;
  }

  /** Checks a container before anything in it, so that an announced size alone costs nothing. */
  #open(at: number, values: number): void {
    if (++this.#depth > limits.depthMax) {
      throw broken("ENCODING_DEPTH", at, `more than ${limits.depthMax} maps and arrays inside each other`);
    }
    this.#values += values;
    if (this.#values > limits.valuesMax) {
      throw broken("ENCODING_COUNT", at, `more than ${limits.valuesMax} values in one message`);
    }
  }

  #text(start: number, length: number): number {
    const end = this.#skip(start, length);
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      if ((bytes[at] as number) >= 0x80) return this.#wideText(start, end);
    }
    return end;
  }

  #wideText(start: number, end: number): number {
    if (hasMark(this.#bytes, start, end)) {
      throw broken("ENCODING_UTF8", start, "a string that begins with a byte order mark");
    }
    if (!isText(this.#bytes, start, end)) {
      throw broken("ENCODING_UTF8", start, "a string that is not well-formed UTF-8");
    }
    return end;
  }

  #integer64(at: number): number {
    if (this.#unsigned(at, 4) > 0) {
      throw broken("ENCODING_INTEGER", at, `an integer above ${limits.integerMax}`);
    }
    return this.#skip(at + 4, 4);
  }

  /** Some encoders write every integer as signed; what counts is its value. */
  #signed(at: number, width: number): number {
    if (this.#head(at) >= 0x80) throw broken("ENCODING_TYPE", at, "a negative integer");
    return width === 8 ? this.#integer64(at) : this.#skip(at, width);
  }

  #head(at: number): number {
    if (at >= this.#end) throw cutShort(at);
    return this.#bytes[at] as number;
  }

  #unsigned(start: number, width: number): number {
    const end = this.#skip(start, width);
    let value = 0;
    for (let at = start; at < end; at++) value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  #skip(at: number, bytes: number): number {
    if (bytes > this.#end - at) throw cutShort(at);
    return at + bytes;
  }
}

/** How many bytes the size has that follows this first byte; 0 where none may. */
function widthOfSize(head: number): number {
  if (head >= 0xc4 && head <= 0xc6) return 1 << (head - 0xc4);
  if (head >= 0xd9 && head <= 0xdb) return 1 << (head - 0xd9);
  return head >= 0xdc && head <= 0xdf ? 2 << (head & 1) : 0;
}

function neverUsed(at: number): HandoffError {
  return malformed(at, "0xc1, which MessagePack never uses");
}

function cutShort(at: number): HandoffError {
  return malformed(at, "the message cut short: its end is missing");
}

function malformed(at: number, found: string): HandoffError {
  return broken("ENCODING_MALFORMED", at, found);
}

function broken(code: Code, at: number, found: string): HandoffError {
  return new HandoffError(code, { message: `a payload breaks the encoding at byte ${at}: ${found}` });
}

function typeNames(head: number): string {
  if (head === 0xc0) return "nil: an absent field is left out";
  if (head === 0xca || head === 0xcb) return "a floating-point number: only integers exist";
  if (head >= 0xe0) return "a negative integer";
  return "an extension type";
}
