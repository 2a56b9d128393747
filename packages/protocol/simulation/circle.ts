/** The n-th world after a world; `undefined` behind the last one. */
export type EdgeAt = (from: number, n: number) => number | undefined;

/** A world that can be reached from itself. Every budget counts down, so that there should be none. */
export function findCircle(worlds: number, starts: Iterable<number>, edgeAt: EdgeAt): number | undefined {
  const unvisited = 0;
  const open = 1;
  const closed = 2;
  const marks = new Uint8Array(worlds);
  for (const start of starts) {
    if (marks[start] !== unvisited) continue;
    const path = [{ at: start, n: 0 }];
    marks[start] = open;
    while (path.length > 0) {
      const top = path.at(-1)!;
      const to = edgeAt(top.at, top.n++);
      if (to === undefined) {
        marks[top.at] = closed;
        path.pop();
      } else if (marks[to] === open) return to;
      else if (marks[to] === unvisited) {
        marks[to] = open;
        path.push({ at: to, n: 0 });
      }
    }
  }
  return undefined;
}
