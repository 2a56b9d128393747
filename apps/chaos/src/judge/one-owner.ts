import type { RequestRecord } from "../load/record.js";
import type { Track } from "../run/watch.js";
import type { Evidence } from "./evidence.js";

/** Kinds of load whose every request is a connection of its own: who answers it has accepted it. */
const OWN_CONNECTION = new Set<RequestRecord["kind"]>(["new", "slow", "unix"]);

/** INV-3, in three ways: what the kernel says about the listening sockets, what the answers say, and what the application does. */
export function* oneOwner(evidence: Evidence): Generator<string> {
  const { overlaps, tracks, records } = evidence;
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
  yield* togetherAtWork(evidence);
  yield* unaware(evidence);
}

/** Who owns the service knows it. */
function* unaware({ after, settled, records }: Evidence): Generator<string> {
  const last = records.findLast(
    ({ kind, pid }) => kind === "new" && after !== undefined && pid === after.pid,
  );
  if (settled === "owner" && last?.owner === false)
    yield `generation ${last.generation} owns the service, and does not take itself for the owner`;
}

/** Exclusive work began while that of another process had not stopped, which was alive. */
function* togetherAtWork({ before, lines, tracks }: Evidence): Generator<string> {
  const atWork = new Map([[before.pid, before.generation]]);
  for (const line of [...lines].sort((a, b) => a.at - b.at)) {
    if (line.type !== "work") continue;
    atWork.delete(line.pid);
    if (!line.works) continue;
    for (const [pid, generation] of atWork) {
      const track = tracks.find((candidate) => candidate.pid === pid);
      if (track === undefined || diedBefore(track, line.at)) continue;
      yield `generation ${line.generation} (pid ${line.pid}) began exclusive work, and generation ${generation} (pid ${pid}) had not stopped its own`;
    }
    atWork.set(line.pid, line.generation);
  }
}

/** Dead or not is known only from one look to the next: what counts is the last look that found it alive. */
function diedBefore({ diedAt, lastSeenAt }: Track, at: number): boolean {
  return diedAt !== undefined && lastSeenAt < at;
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
      if (track === undefined || diedBefore(track, end)) continue;
      yield `generation ${generation} (pid ${pid}) ${what} after generation ${seen.generation} (pid ${younger}) had, which was alive`;
      return;
    }
  }
}

function generationOf(tracks: Evidence["tracks"], pid: number): string {
  return String(tracks.find((track) => track.pid === pid)?.generation ?? "?");
}
