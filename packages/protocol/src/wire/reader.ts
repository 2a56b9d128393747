import { type Code, HandoffError } from "../error.js";
import { limits } from "../limits.js";
import { readText } from "./utf8.js";
import { describe, isMap, type Value } from "./value.js";

/**
 * Reads MessagePack values and checks the strict profile in the same pass, in time and memory linear in the bytes.
 * Byte strings are views of the payload, not copies. Every method throws HandoffError ENCODING_*.
 * @see spec/v1/framing.md E-1
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Maps and arrays that are open here. */
  #depth = 0;
  /** Values announced so far. A container announces its content in its header, before any of it is read. */
  #values = 1;
  #textBytes = 0;

  constructor(payload: Uint8Array) {
    // Views of a subclass, such as Node.js's Buffer, would be of that subclass, too.
    const isPlain = payload.constructor === Uint8Array;
    this.#bytes = isPlain ? payload : new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
  }

  /** How many bytes the text had that was read last. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Whatever stands here. */
  value(): Value {
    const head = this.#peek();
    if (head < 0x80 || (head >= 0xa0 && (head & 0xfc) !== 0xdc)) return this.#scalar();
    const array = this.array();
    return array === undefined ? this.#entries(this.map() as number) : this.#items(array);
  }

  /** How many keys the map here has, or undefined where there is no map. `close` it after its last value. */
  map(): number | undefined {
    const head = this.#peek();
    if (head >= 0x80 && head < 0x90) return this.#open(head & 0x0f, 0, 2);
    if (head === 0xde || head === 0xdf) return this.#open(0, 2 << (head - 0xde), 2);
    return undefined;
  }

  /** How many items the array here has, or undefined where there is no array. `close` it after its last item. */
  array(): number | undefined {
    const head = this.#peek();
    if (head >= 0x90 && head < 0xa0) return this.#open(head & 0x0f, 0, 1);
    if (head === 0xdc || head === 0xdd) return this.#open(0, 2 << (head - 0xdc), 1);
    return undefined;
  }

  close(): void {
    this.#depth--;
  }

  /** Takes the text here if it is this one in its shortest form; `text` is ASCII, and shorter than 32. */
  take(text: string): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes[at] !== (0xa0 | text.length)) return false;
    for (let i = 0; i < text.length; i++) {
      if (bytes[at + 1 + i] !== text.charCodeAt(i)) return false;
    }
    this.#at = at + 1 + text.length;
    return true;
  }

  /** The key here, whatever it is. */
  key(): string {
    const head = this.#unsigned(1);
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xd9 && head <= 0xdb) return this.#text(this.#unsigned(1 << (head - 0xd9)));
    if (head === 0xc1) throw this.#error("ENCODING_MALFORMED", "0xc1, which MessagePack never uses");
    throw this.#error("ENCODING_KEY", "a key that is not a string");
  }

  duplicate(key: string): HandoffError {
    return this.#error("ENCODING_KEY_DUPLICATE", `the key ${describe(key)} a second time in one map`);
  }

  /**
   * The value of one key of the map here, without leaving this place; undefined where there is no map, or no such key.
   * Fast where the key is the first, and its value one of `words`, which are ASCII and shorter than 32.
   */
  peek(key: string, words: readonly string[]): Value | undefined {
    const at = this.#at;
    const depth = this.#depth;
    const values = this.#values;
    const isFirst = this.map() !== undefined && this.take(key);
    const word = isFirst ? words.find(this.take, this) : undefined;
    this.#at = at;
    this.#depth = depth;
    this.#values = values;
    if (word !== undefined) return word;
    const map = this.value();
    this.#at = at;
    this.#depth = depth;
    this.#values = values;
    return isMap(map) ? map[key] : undefined;
  }

  /** Whatever stands here, which is neither a map nor an array. */
  #scalar(): boolean | number | string | Uint8Array {
    const head = this.#peek();
    this.#at++;
    if (head < 0x80) return head;
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f);
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
      default:
        throw this.#error("ENCODING_TYPE", typeNames(head));
    }
  }

  end(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest > 0) throw this.#error("ENCODING_MALFORMED", `${rest} bytes after the end of the message`);
  }

  #items(length: number): Value[] {
    const items: Value[] = [];
    for (let i = 0; i < length; i++) items.push(this.value());
    this.close();
    return items;
  }

  #entries(length: number): { readonly [key: string]: Value } {
    const map: { [key: string]: Value } = {};
    for (let i = 0; i < length; i++) {
      const key = this.key();
      if (Object.hasOwn(map, key)) throw this.duplicate(key);
      const value = this.value();
      // An assignment to "__proto__" would set the prototype instead.
      if (key !== "__proto__") map[key] = value;
      else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
    }
    this.close();
    return map;
  }

  /** Checks a container before anything of it is read, so that an announced size alone costs nothing. */
  #open(short: number, width: number, valuesEach: number): number {
    this.#at++;
    const length = width === 0 ? short : this.#unsigned(width);
    if (++this.#depth > limits.depthMax) {
      throw this.#error("ENCODING_DEPTH", `more than ${limits.depthMax} maps and arrays inside each other`);
    }
    this.#values += length * valuesEach;
    if (this.#values > limits.valuesMax) {
      throw this.#error("ENCODING_COUNT", `more than ${limits.valuesMax} values in one message`);
    }
    return length;
  }

  #peek(): number {
    if (this.#at === this.#bytes.length) this.#need(1);
    return this.#bytes[this.#at] as number;
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
    this.#textBytes = length;
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
