/*
 * UTF-8 by hand: TextDecoder drops a leading U+FEFF unless told otherwise, and neither it nor TextEncoder is in the
 * language itself. Names, addresses and reasons are short, where a loop is faster, too.
 */

const unitsPerCall = 4_096;

/** The text in `bytes[from, to)`, or undefined where that is not well-formed UTF-8 (no overlong forms, no surrogates). */
export function readText(bytes: Uint8Array, from: number, to: number): string | undefined {
  let ascii = from;
  while (ascii < to && (bytes[ascii] as number) < 0x80) ascii++;
  if (ascii === to && to - from <= unitsPerCall) return units(bytes.subarray(from, to));
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
