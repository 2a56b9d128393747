/** Every two of so many keys are compared. More are sorted first, so that a hostile map costs no more than its bytes. */
const pairedMax = 32;

/**
 * Of each key where it begins, where it ends, and a mark that equal keys share. Kept between scans, and never emptied: no more
 * is looked at than was pushed. Bounded by limits.valuesMax.
 */
let spans = new Int32Array(256);

/** The keys of all maps of one payload that are open, the innermost map's on top. One at a time. */
export class KeyStack {
  readonly #bytes: Uint8Array;
  #height = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get height(): number {
    return this.#height;
  }

  push(start: number, end: number): void {
    const at = 4 * this.#height++;
    if (at === spans.length) spans = grown(spans);
    spans[at] = start;
    spans[at + 1] = end;
    // The keys of one map mostly differ in their length or in their ends already.
    const bytes = this.#bytes;
    if (start < end)
      spans[at + 2] = ((end - start) << 16) | ((bytes[start] as number) << 8) | (bytes[end - 1] as number);
    else spans[at + 2] = 0;
  }

  /**
   * Takes away the keys from `base` on. Where the bytes of one of them begin that another one has, too; undefined where
   * there is none. Equal text has equal bytes, in whatever form its length is written.
   */
  repeatedFrom(base: number): number | undefined {
    const top = this.#height;
    this.#height = base;
    return top - base <= pairedMax ? this.#paired(base, top) : this.#sorted(base, top);
  }

  #paired(base: number, top: number): number | undefined {
    for (let a = base + 1; a < top; a++) {
      const mark = spans[4 * a + 2];
      for (let b = base; b < a; b++) {
        if (spans[4 * b + 2] === mark && this.#compare(a, b) === 0) return spans[4 * a];
      }
    }
    return undefined;
  }

  #sorted(base: number, top: number): number | undefined {
    const order = Array.from({ length: top - base }, (_, index) => base + index);
    order.sort((a, b) => this.#compare(a, b));
    const repeated = order.find((a, at) => at > 0 && this.#compare(a, order[at - 1] as number) === 0);
    return repeated === undefined ? undefined : spans[4 * repeated];
  }

  #compare(a: number, b: number): number {
    const from = spans[4 * a] as number;
    const other = spans[4 * b] as number;
    const length = (spans[4 * a + 1] as number) - from;
    let difference = length - (spans[4 * b + 1] as number) + other;
    const bytes = this.#bytes;
    for (let i = 0; difference === 0 && i < length; i++) {
      difference = (bytes[from + i] as number) - (bytes[other + i] as number);
    }
    return difference;
  }
}

function grown(small: Int32Array): Int32Array<ArrayBuffer> {
  const large = new Int32Array(2 * small.length);
  large.set(small);
  return large;
}
