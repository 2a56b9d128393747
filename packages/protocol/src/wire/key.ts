/** Every two of so many keys are compared. More are sorted first, so that a hostile map costs no more than its bytes. */
const pairedMax = 32;

/**
 * Where the bytes of a key begin that another key in the same map has, too; undefined where there is none. Equal text has
 * equal bytes, in whatever form its length is written. The keys begin at `starts`, and end in front of `ends`.
 */
export function repeatedKey(
  bytes: Uint8Array,
  starts: readonly number[],
  ends: readonly number[],
): number | undefined {
  const compare = (a: number, b: number) => {
    const from = starts[a] as number;
    const other = starts[b] as number;
    const length = (ends[a] as number) - from;
    let difference = length - (ends[b] as number) + other;
    for (let i = 0; difference === 0 && i < length; i++) {
      difference = (bytes[from + i] as number) - (bytes[other + i] as number);
    }
    return difference;
  };
  if (starts.length <= pairedMax) {
    for (let a = 1; a < starts.length; a++) {
      for (let b = 0; b < a; b++) if (compare(a, b) === 0) return starts[a];
    }
    return undefined;
  }
  const order = Array.from(starts, (_, index) => index).sort(compare);
  const repeated = order.find((a, at) => at > 0 && compare(a, order[at - 1] as number) === 0);
  return repeated === undefined ? undefined : starts[repeated];
}
