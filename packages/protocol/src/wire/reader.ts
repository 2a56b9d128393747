import { type Code, HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { readText } from "./utf8.js";

/** What the profile can say. Maps become plain objects whose keys are all own properties, whatever their names. */
export type Value =
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/**
 * Reads one MessagePack value and checks the strict profile in the same pass, in time and memory linear in the bytes.
 * Byte strings are views of `payload`, not copies.
 * @throws HandoffError ENCODING_*
 * @see spec/v1/framing.md E-1
 */
export function readValue(payload: Uint8Array): Value {
  const reader = new Reader(payload);
  const value = reader.value(1);
  reader.end();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Values announced so far. A container announces its content in its header, before any of it is read. */
  #values = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `depth` is the depth that a container would have here. */
  value(depth: number): Value {
    const head = this.#unsigned(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, depth);
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    if (head < 0xc0) return this.#text(head & 0x1f);
    switch (head) {
      case 0xc1:
        throw this.#error("ENCODING_MALFORMED", "0xc1, which MessagePack never uses");
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.#unsigned(1 << (head - 0xc4)));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (head - 0xcc));
      case 0xcf:
        return this.#unsigned64();
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#signed(head);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (head - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (head - 0xde)), depth);
      default:
        throw this.#error("ENCODING_TYPE", typeNames(head));
    }
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw this.#error("ENCODING_MALFORMED", `${rest} bytes after the end of the message`);
  }

  #array(length: number, depth: number): Value[] {
    this.#open(length, depth);
    const array: Value[] = [];
    for (let i = 0; i < length; i++) array.push(this.value(depth + 1));
    return array;
  }

  #map(length: number, depth: number): { [key: string]: Value } {
    this.#open(2 * length, depth);
    const map: { [key: string]: Value } = {};
    for (let i = 0; i < length; i++) {
      const key = this.#key();
      if (Object.hasOwn(map, key)) {
        throw this.#error(
          "ENCODING_KEY_DUPLICATE",
          `the key ${JSON.stringify(key)} a second time in one map`,
        );
      }
      const value = this.value(depth + 1);
      if (key === "__proto__") {
        // An assignment would set the prototype instead.
        Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      } else {
        map[key] = value;
      }
    }
    return map;
  }

  #key(): string {
    const head = this.#unsigned(1);
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xd9 && head <= 0xdb) return this.#text(this.#unsigned(1 << (head - 0xd9)));
    if (head === 0xc1) throw this.#error("ENCODING_MALFORMED", "0xc1, which MessagePack never uses");
    throw this.#error("ENCODING_KEY", "a key that is not a string");
  }

  /** Checks a container before anything of it is read, so that an announced size alone costs nothing. */
  #open(values: number, depth: number): void {
    if (depth > limits.depthMax) {
      throw this.#error("ENCODING_DEPTH", `more than ${limits.depthMax} maps and arrays inside each other`);
    }
    this.#values += values;
    if (this.#values > limits.valuesMax) {
      throw this.#error("ENCODING_COUNT", `more than ${limits.valuesMax} values in one message`);
    }
    this.#need(values);
  }

  #binary(length: number): Uint8Array {
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #text(length: number): string {
    this.#need(length);
    const text = readText(this.#bytes, this.#at, this.#at + length);
    if (text === undefined) throw this.#error("ENCODING_UTF8", "a string that is not well-formed UTF-8");
    this.#at += length;
    return text;
  }

  #unsigned(width: number): number {
    this.#need(width);
    let value = 0;
    for (const end = this.#at + width; this.#at < end; this.#at++) {
      value = value * 256 + (this.#bytes[this.#at] as number);
    }
    return value;
  }

  #unsigned64(): number {
    const high = this.#unsigned(4);
    const low = this.#unsigned(4);
    if (high > 0) throw this.#error("ENCODING_INTEGER", `an integer above ${limits.integerMax}`);
    return low;
  }

  /** Some encoders write every integer as signed; what counts is its value. */
  #signed(head: number): number {
    this.#need(1);
    if ((this.#bytes[this.#at] as number) >= 0x80) throw this.#error("ENCODING_TYPE", "a negative integer");
    return head === 0xd3 ? this.#unsigned64() : this.#unsigned(1 << (head - 0xd0));
  }

  #need(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) {
      throw this.#error("ENCODING_MALFORMED", "the message cut short: its end is missing");
    }
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
