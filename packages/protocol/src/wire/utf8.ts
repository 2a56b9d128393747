/*
 * UTF-8 by hand: TextDecoder drops a leading U+FEFF unless told otherwise, and neither it nor TextEncoder is in the
 * language itself. Names, addresses and reasons are short, where a loop is faster, too.
 */

const unitsPerCall = 4_096;
const shortBytes = 128;

/** The text in `bytes[from, to)`, or undefined where that is not well-formed UTF-8 (no overlong forms, no surrogates). */
export function readText(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from <= shortBytes) {
    const text = shortAscii(bytes, from, to);
    if (text !== undefined) return text;
  }
  let text = "";
  for (let at = from; at < to; ) {
    const chunk: number[] = [];
    while (at < to && chunk.length < unitsPerCall) {
      const length = sequenceLength(bytes, at, to);
      if (length === 0) return undefined;
      pushUnits(chunk, bytes, at, length);
      at += length;
    }
    text += units(chunk);
  }
  return text;
}

/** How many bytes `text` has in UTF-8, or undefined where it holds a lone surrogate, which UTF-8 cannot say. */
export function textBytes(text: string): number | undefined {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(at + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return undefined;
    // The two units of a pair make four bytes: one each is counted, two were just added.
    at++;
  }
  return bytes;
}

/** Writes the UTF-8 of a well-formed text, of `length` bytes, at `at`. */
export function writeText(text: string, length: number, bytes: Uint8Array, at: number): void {
  if (length === text.length) {
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    return;
  }
  let next = at;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number;
    if (point > 0xffff) i++;
    const tail = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    // The first byte: as many leading ones as the sequence has bytes.
    bytes[next++] = tail === 0 ? point : ((0xff00 >> (tail + 1)) & 0xff) | (point >> (6 * tail));
    for (let shift = 6 * tail - 6; shift >= 0; shift -= 6) bytes[next++] = 0x80 | ((point >> shift) & 0x3f);
  }
}

function shortAscii(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = "";
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    if ((a | b | c | d) >= 0x80) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < to; at++) {
    const unit = bytes[at] as number;
    if (unit >= 0x80) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}

function units(codes: ArrayLike<number>): string {
  return String.fromCharCode.apply(null, codes as number[]);
}

/** Bytes of the well-formed sequence that starts at `at`, or 0. (Table 3-7 of the Unicode Standard.) */
function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > to) return 0;
  const second = bytes[at + 1] as number;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) {
    if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function pushUnits(units: number[], bytes: Uint8Array, at: number, length: number): void {
  let point = (bytes[at] as number) & (length === 1 ? 0x7f : 0xff >> (length + 1));
  for (let i = 1; i < length; i++) point = (point << 6) | ((bytes[at + i] as number) & 0x3f);
  if (point < 0x10000) units.push(point);
  else units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff));
}
