import type { Evidence } from "../judge/evidence.js";
import type { TurnResult } from "../run/result.js";
import type { Track } from "../run/watch.js";
import type { Line } from "../victim/order.js";
import { DrainTotals, drainsOf } from "./drain.js";
import type { DrainSum, Life, Story, StoryRequest } from "./model.js";

const LINES_MAX = 160;
const REQUESTS_MAX = 140;
const SAID_MAX = 600;
const SAID_MAX_BROKEN = 4_000;

/** The struck handoff of a turn; the plain one after it is told only where it broke something. */
export function tell(result: TurnResult): Story {
  const { evidence, turn, violations, recoveryMs } = result;
  const first = evidence[0];
  const zero = first?.requestedAt ?? result.startedAt;
  return {
    turn,
    outcome: outcomeOf(first),
    violations,
    faultAt: first?.fault && round(first.fault.at - zero),
    recoveryMs: recoveryMs === undefined ? undefined : Math.round(recoveryMs),
    drain: first && drainOf(first),
    transcript: transcriptOf(violations.length > 0 ? evidence : evidence.slice(0, 1), zero),
    said: result.said.slice(-(violations.length > 0 ? SAID_MAX_BROKEN : SAID_MAX)),
    requests: first === undefined ? [] : requestsOf(first, zero),
    lives: (first?.tracks ?? []).map((track) => lifeOf(track, zero, result.endedAt)),
  };
}

function drainOf(evidence: Evidence): DrainSum | undefined {
  const totals = new DrainTotals();
  const drains = drainsOf(evidence);
  for (const counts of drains) totals.take(counts);
  return drains.length === 0 ? undefined : totals.sum();
}

export function lifeOf(track: Track, zero: number, end: number): Life {
  const until = track.diedAt ?? end;
  const phases = track.phases.map(({ phase, from }, index) => ({
    phase,
    from: round(from - zero),
    to: round((track.phases[index + 1]?.from ?? until) - zero),
  }));
  return { pid: track.pid, generation: track.generation, phases, died: track.diedAt !== undefined };
}

function outcomeOf(evidence: Evidence | undefined): string {
  if (evidence === undefined) return "the service did not start";
  const { settled, before, after } = evidence;
  if (settled === "ended") return "the service ended";
  if (settled === "unsettled" || after === undefined) return "the handoff was not over in time";
  return after.generation === before.generation
    ? `generation ${before.generation} serves on`
    : `generation ${after.generation} took over from ${before.generation}`;
}

function transcriptOf(evidence: readonly Evidence[], zero: number): Story["transcript"] {
  const told = evidence.flatMap(({ lines, fault, before, turn }) => {
    const own = lines.flatMap((line) => {
      const text = textOf(line);
      if (text === undefined) return [];
      return [{ at: round(line.at - zero), who: whoSays(line, before.pid), text }];
    });
    if (fault !== undefined) {
      own.push({ at: round(fault.at - zero), who: "chaos", text: `${turn.kind} on ${turn.victim}` });
    }
    return own;
  });
  return told.sort((a, b) => a.at - b.at).slice(0, LINES_MAX);
}

function whoSays(line: Line, parentPid: number): string {
  const generation = "generation" in line ? `generation ${line.generation}` : `pid ${line.pid}`;
  return `${line.pid === parentPid ? "parent" : "child"} (${generation})`;
}

function textOf(line: Line): string | undefined {
  switch (line.type) {
    case "boot":
      return "boots";
    case "struck":
      return "stops itself here";
    case "owner":
      return "ready() resolved: owner";
    case "work":
      return line.works ? "begins exclusive work" : "has stopped exclusive work";
    case "exit":
      return "is told that it ends";
    case "report":
      return `reports: ${line.outcome}${line.message ? `: ${line.message}` : ""}`;
    case "step":
      return line.to === undefined ? line.text : `${line.text} -> ${line.to}`;
    case "listening":
      return undefined;
  }
}

function requestsOf({ records }: Evidence, zero: number): StoryRequest[] {
  const failed = records.filter(({ failure }) => failure !== undefined);
  const rest = records.filter(({ failure }) => failure === undefined);
  const room = REQUESTS_MAX - Math.min(failed.length, REQUESTS_MAX / 2);
  // Of more than there is room for, as many from each part of the time.
  const every = Math.max(1, Math.ceil(rest.length / room));
  const shown = [...failed.slice(0, REQUESTS_MAX / 2), ...rest.filter((_, index) => index % every === 0)];
  return shown
    .sort((a, b) => a.start - b.start)
    .map(({ kind, start, end, generation, failure }) => ({
      kind,
      start: round(start - zero),
      end: round(end - zero),
      ...(generation !== undefined && { generation }),
      ...(failure !== undefined && { failure }),
    }));
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
