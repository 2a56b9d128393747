/*
 * UTF-8 by hand: neither TextDecoder nor TextEncoder is in the language itself. Names, addresses and reasons are short, where
 * a loop is faster, too.
 */

/** Whether the bytes in `[from, to)` are well-formed UTF-8: no overlong forms, no surrogates. */
export function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const length = (bytes[at] as number) < 0x80 ? 1 : sequenceLength(bytes, at, to);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Whether the text in `[from, to)` begins with U+FEFF, which readers of text drop, or keep, as they like. */
export function hasMark(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf;
}

/**
 * How many bytes `text` has in UTF-8, or undefined where the wire cannot say it: where it holds a lone surrogate, or begins
 * with a byte order mark.
 */
export function textBytes(text: string): number | undefined {
  if (text.charCodeAt(0) === 0xfeff) return undefined;
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

/** Bytes of the well-formed sequence of two or more that starts at `at`, or 0. (Table 3-7 of the Unicode Standard.) */
function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number;
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
