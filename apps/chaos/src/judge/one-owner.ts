import type { RequestRecord } from "../load/record.js";
import type { Evidence } from "./evidence.js";

/** Kinds of load whose every request is a connection of its own: who answers it has accepted it. */
const OWN_CONNECTION = new Set<RequestRecord["kind"]>(["new", "slow", "unix"]);

/** INV-3, in two ways: what the kernel says about the listening sockets, and what the answers say. */
export function* oneOwner({ overlaps, tracks, records }: Evidence): Generator<string> {
  const [overlap] = overlaps;
  if (overlap !== undefined) {
    const who = overlap.pids
      .map((pid) => `generation ${generationOf(tracks, pid)} (pid ${pid})`)
      .join(" and ");
    yield `${who} accepted at the same time, seen ${overlaps.length} times`;
  }
  yield* relapse(
    tracks,
    records.filter(({ owner }) => owner === true),
    "took itself for the owner",
  );
  yield* relapse(
    tracks,
    records.filter(({ kind }) => OWN_CONNECTION.has(kind)),
    "accepted",
  );
}

/** An older generation did it after a younger one had, and the younger one was still alive then. */
function* relapse(
  tracks: Evidence["tracks"],
  records: readonly RequestRecord[],
  what: string,
): Generator<string> {
  const first = new Map<number, { generation: number; end: number }>();
  for (const { pid, generation, end, failure } of records) {
    if (failure !== undefined || pid === undefined || generation === undefined) continue;
    const known = first.get(pid);
    if (known === undefined || end < known.end) first.set(pid, { generation, end });
  }
  for (const { pid, generation, start, end, failure } of records) {
    if (failure !== undefined || pid === undefined || generation === undefined) continue;
    for (const [younger, seen] of first) {
      if (seen.generation <= generation || seen.end > start) continue;
      const track = tracks.find((candidate) => candidate.pid === younger);
      // Dead or not is known only from one look to the next: what counts is the last look that found it alive.
      if (track === undefined || (track.diedAt !== undefined && track.lastSeenAt < end)) continue;
      yield `generation ${generation} (pid ${pid}) ${what} after generation ${seen.generation} (pid ${younger}) had, which was alive`;
      return;
    }
  }
}

function generationOf(tracks: Evidence["tracks"], pid: number): string {
  return String(tracks.find((track) => track.pid === pid)?.generation ?? "?");
}
