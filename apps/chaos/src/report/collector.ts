import { INVARIANTS, type Invariant, PROMISES } from "../judge/evidence.js";
import { type Counters, difference } from "../kernel/counters.js";
import { type Cell, cellName, turnName } from "../plan/cell.js";
import { MOMENT_NAMES } from "../plan/moment.js";
import type { TurnResult } from "../run/result.js";
import { DrainTotals, drainsOf } from "./drain.js";
import { environment } from "./environment.js";
import type { CellReport, Life, Report } from "./model.js";
import { lifeOf, tell } from "./story.js";

const BUCKET_MS = 500;
const STORIES_MAX = 3;
const EXAMPLES_MAX = 5;
/** Lives that are drawn: a picture with more of them shows nothing. */
const LIVES_MAX = 400;

interface Gathered extends Cell {
  rounds: number;
  broken: number;
  missed: number;
  failed: number;
  excused: number;
  recoveryMaxMs: number | undefined;
  stories: CellReport["stories"][number][];
}

/** Takes in one turn after the other, and keeps only what the report shows. */
export class Collector {
  /** By the clock of the run; and the same by the calendar. */
  readonly #startedAt: number;
  readonly #startedOn = new Date().toISOString();
  readonly #cells = new Map<string, Gathered>();
  readonly #broken = new Map<Invariant, { count: number; examples: string[] }>();
  readonly #latencies: number[][] = [];
  readonly #failures: number[] = [];
  readonly #marks: { at: number; lane: number; what: string }[] = [];
  readonly #lanes: Life[][] = [];
  turns = 0;
  missed = 0;
  broken = 0;
  requests = 0;
  failed = 0;
  excused = 0;
  refused = 0;
  moved = 0;
  readonly #drain = new DrainTotals();

  constructor(cells: readonly Cell[], startedAt: number) {
    this.#startedAt = startedAt;
    for (const { victim, moment, kind } of cells) {
      this.#cells.set(cellName({ victim, moment, kind }), {
        ...{ victim, moment, kind },
        ...{ rounds: 0, broken: 0, missed: 0, failed: 0, excused: 0, recoveryMaxMs: undefined, stories: [] },
      });
    }
  }

  take(result: TurnResult, lane: number): void {
    const { turn, violations, failed, excused, recoveryMs, missed } = result;
    this.turns += 1;
    this.failed += failed;
    this.excused += excused;
    if (missed) this.missed += 1;
    if (violations.length > 0) this.broken += 1;
    const cell = this.#cells.get(cellName(turn));
    if (cell !== undefined) {
      cell.rounds += 1;
      cell.failed += failed;
      cell.excused += excused;
      if (missed) cell.missed += 1;
      if (recoveryMs !== undefined)
        cell.recoveryMaxMs = Math.max(cell.recoveryMaxMs ?? 0, Math.round(recoveryMs));
      const story = tell(result);
      if (violations.length === 0) {
        if (cell.broken === 0) cell.stories = [story];
      } else {
        cell.stories = cell.broken === 0 ? [story] : [...cell.stories, story].slice(0, STORIES_MAX);
        cell.broken += 1;
      }
    }
    for (const { invariant, text } of violations) {
      const entry = this.#broken.get(invariant) ?? { count: 0, examples: [] };
      entry.count += 1;
      if (entry.examples.length < EXAMPLES_MAX) entry.examples.push(`${turnName(turn)}: ${text}`);
      this.#broken.set(invariant, entry);
    }
    this.#takeSeries(result, lane);
  }

  report(end: {
    readonly seed: number;
    readonly command: string;
    readonly planned: number;
    readonly interrupted: boolean;
    readonly countersBefore: Counters;
    readonly countersAfter: Counters;
    readonly endedAt: number;
  }): Report {
    const kept = this.broken === 0;
    return {
      format: 1,
      startedAt: this.#startedOn,
      durationMs: Math.round(end.endedAt - this.#startedAt),
      seed: end.seed,
      command: end.command,
      verdict: !kept ? "broken" : end.interrupted ? "interrupted" : "kept",
      environment: environment(),
      counters: difference(end.countersBefore, end.countersAfter),
      totals: {
        turns: this.turns,
        planned: end.planned,
        missed: this.missed,
        requests: this.requests,
        failed: this.failed,
        excused: this.excused,
        refused: this.refused,
        moved: this.moved,
      },
      drain: this.#drain.sum(),
      invariants: INVARIANTS.map((invariant) => ({
        invariant,
        promise: PROMISES[invariant],
        broken: this.#broken.get(invariant)?.count ?? 0,
        examples: this.#broken.get(invariant)?.examples ?? [],
      })),
      moments: [...MOMENT_NAMES, "random", "boot"],
      cells: [...this.#cells.values()],
      series: {
        bucketMs: BUCKET_MS,
        requests: this.#each((bucket) => Math.round(((bucket?.length ?? 0) * 1_000) / BUCKET_MS)),
        p50Ms: this.#each((bucket) => percentile(bucket, 0.5)),
        p99Ms: this.#each((bucket) => percentile(bucket, 0.99)),
        failures: this.#each((_, index) => this.#failures[index] ?? 0),
      },
      marks: this.#marks,
      lanes: Array.from(this.#lanes, (lives) => lives ?? []),
    };
  }

  #takeSeries({ evidence, turn, endedAt }: TurnResult, lane: number): void {
    for (const each of evidence) {
      const { records, requestedAt, fault, tracks } = each;
      this.requests += records.length;
      for (const counts of drainsOf(each)) this.#drain.take(counts);
      for (const { start, end, failure, moved } of records) {
        if (moved) this.moved += 1;
        const bucket = Math.max(0, Math.floor((end - this.#startedAt) / BUCKET_MS));
        this.#latencies[bucket] ??= [];
        this.#latencies[bucket].push(end - start);
        if (failure === undefined) continue;
        this.#failures[bucket] = (this.#failures[bucket] ?? 0) + 1;
        if (failure === "refused") this.refused += 1;
      }
      this.#marks.push({ at: Math.round(requestedAt - this.#startedAt), lane, what: "handoff" });
      if (fault !== undefined) {
        this.#marks.push({ at: Math.round(fault.at - this.#startedAt), lane, what: turnName(turn) });
      }
      this.#lanes[lane] ??= [];
      const lives = this.#lanes[lane];
      for (const track of tracks) {
        const life = lifeOf(track, this.#startedAt, endedAt);
        const known = lives.findIndex(({ pid }) => pid === track.pid);
        if (known >= 0) lives[known] = life;
        else if (lives.length < LIVES_MAX) lives.push(life);
      }
    }
  }

  #each<T>(value: (bucket: number[] | undefined, index: number) => T): T[] {
    return Array.from({ length: this.#latencies.length }, (_, index) => value(this.#latencies[index], index));
  }
}

function percentile(values: readonly number[] | undefined, share: number): number | null {
  if (values === undefined || values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}
