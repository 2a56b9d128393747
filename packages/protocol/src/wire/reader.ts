import { type Code, HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { hasMark, readText } from "./utf8.js";

/**
 * The value in a payload, which must be exactly one of the strict profile. It is nobody else's: maps are plain objects, with every
 * key as a property of their own, whatever it is called; byte strings are views of the payload, always as Uint8Array. Takes time
 * and memory linear in the bytes.
 * @throws HandoffError ENCODING_*; nothing else, whatever the bytes
 * @see spec/v1/framing.md E-1
 */
export function readPayload(payload: Uint8Array): unknown {
  return new Reader(payload).whole();
}

/**
 * Short texts of ASCII that were read before, each at a place that its length and its ends give: the same few stand in message after
 * message, and to compare one takes less than to make it.
 */
const texts: (string | undefined)[] = [];
const textsMax = 512;
const shortTextMax = 32;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  /** What is read next. */
  #at = 0;
  /** Maps and arrays that are open here. */
  #depth = 0;
  /** Values announced so far. A container announces its content in its header, before any of it is looked at. */
  #values = 1;

  constructor(payload: Uint8Array) {
    this.#bytes = payload;
    this.#end = payload.length;
  }

  whole(): unknown {
    const value = this.#value();
    const rest = this.#end - this.#at;
    if (rest > 0) throw malformed(this.#at, `${rest} bytes after the end of the message`);
    return value;
  }

  #value(): unknown {
    const head = this.#head();
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f);
    if (head < 0xa0) return this.#array(head & 0x0f);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head === 0xc2 || head === 0xc3) return head === 0xc3;
    if (head >= 0xcc && head <= 0xce) return this.#unsigned(1 << (head - 0xcc));
    return this.#longValue(head);
  }

  #longValue(head: number): unknown {
    const at = this.#at;
    if (head === 0xcf) return this.#integer64();
    if (head >= 0xd0 && head <= 0xd3) return this.#signed(1 << (head - 0xd0));
    if (head === 0xc1) throw neverUsed(at);
    const width = widthOfSize(head);
    if (width === 0) throw broken("ENCODING_TYPE", at, typeNames(head));
    const size = this.#unsigned(width);
    if (head >= 0xde) return this.#map(size);
    if (head >= 0xdc) return this.#array(size);
    if (head >= 0xd9) return this.#text(size);
    const start = this.#skip(size);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, size);
  }

  #array(length: number): unknown[] {
    this.#open(length);
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(this.#value());
    this.#depth--;
    return items;
  }

  #map(length: number): object {
    this.#open(2 * length);
    const map: Record<string, unknown> = {};
    let again: number | undefined;
    for (let i = 0; i < length; i++) {
      const size = this.#keySize();
      const start = this.#at;
      const key = this.#text(size);
      const isNew = !(key in map);
      if (!isNew && Object.hasOwn(map, key)) again ??= start;
      const value = this.#value();
      if (isNew) map[key] = value;
      // What every object has already: `toString`, which may be frozen, and `__proto__`, which is no property.
      else Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true });
    }
    if (again !== undefined) throw broken("ENCODING_KEY_DUPLICATE", again, "a key that its map already has");
    this.#depth--;
    return map;
  }

  #keySize(): number {
    const head = this.#head();
    if (head >= 0xa0 && head < 0xc0) return head & 0x1f;
    const at = this.#at - 1;
    if (head === 0xc1) throw neverUsed(at);
    if (head < 0xd9 || head > 0xdb) throw broken("ENCODING_KEY", at, "a key that is not a string");
    return this.#unsigned(1 << (head - 0xd9));
  }

  /** Checks a container before anything in it, so that an announced size alone costs nothing. */
  #open(values: number): void {
    if (++this.#depth > limits.depthMax) {
      throw broken(
        "ENCODING_DEPTH",
        this.#at,
        `more than ${limits.depthMax} maps and arrays inside each other`,
      );
    }
    this.#values += values;
    if (this.#values > limits.valuesMax) {
      throw broken("ENCODING_COUNT", this.#at, `more than ${limits.valuesMax} values in one message`);
    }
  }

  #text(length: number): string {
    const start = this.#skip(length);
    if (length > shortTextMax) return this.#newText(start);
    const bytes = this.#bytes;
    const first = bytes[start] as number;
    const last = bytes[this.#at - 1] as number;
    const place = ((length << 5) ^ (first << 2) ^ last) % textsMax;
    const known = texts[place];
    if (known?.length === length) {
      let same = 0;
      while (same < length && known.charCodeAt(same) === bytes[start + same]) same++;
      if (same === length) return known;
    }
    const text = this.#newText(start);
    // Only in ASCII has a text as many units as bytes.
    if (text.length === length) texts[place] = text;
    return text;
  }

  #newText(start: number): string {
    if (hasMark(this.#bytes, start, this.#at)) {
      throw broken("ENCODING_UTF8", start, "a string that begins with a byte order mark");
    }
    const text = readText(this.#bytes, start, this.#at);
    if (text === undefined) throw broken("ENCODING_UTF8", start, "a string that is not well-formed UTF-8");
    return text;
  }

  #integer64(): number {
    const at = this.#at;
    if (this.#unsigned(4) > 0) throw broken("ENCODING_INTEGER", at, `an integer above ${limits.integerMax}`);
    return this.#unsigned(4);
  }

  /** Some encoders write every integer as signed; what counts is its value. */
  #signed(width: number): number {
    if (this.#head() >= 0x80) throw broken("ENCODING_TYPE", this.#at - 1, "a negative integer");
    this.#at--;
    return width === 8 ? this.#integer64() : this.#unsigned(width);
  }

  #head(): number {
    const head = this.#bytes[this.#at++];
    if (head === undefined) throw cutShort(this.#at - 1);
    return head;
  }

  #unsigned(width: number): number {
    const start = this.#skip(width);
    let value = 0;
    for (let at = start; at < this.#at; at++) value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  /** Takes so many bytes. Returns where they begin. */
  #skip(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#end - start) throw cutShort(start);
    this.#at = start + bytes;
    return start;
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
