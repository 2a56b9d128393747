import { FAILURE_CLASSES, type FailureClass } from "./failure.js";
import { type ConnectionCounts, KIND_NAMES, type KindName, type MessageCounts } from "./kinds/kind.js";
import type { RequestRecord } from "./request.js";

/** What a client process tells: the requests ended since its last report, and its connections so far. */
export interface ClientReport {
  kind: KindName;
  records: RequestRecord[];
  connections: ConnectionTotals;
  messages: MessageCounts;
}

/** Of all clients of a kind. */
export interface ConnectionTotals extends ConnectionCounts {
  clients: number;
  /** Clients whose first connection is open still. */
  survived: number;
}

/** The kinds of clients, and the restarter itself, which asks /whoami until a new generation answers. */
export const ENTRY_NAMES = [...KIND_NAMES, "restarter"] as const;
export type EntryName = (typeof ENTRY_NAMES)[number];

export interface Entry {
  requests: number;
  failed: number;
  failures: Record<FailureClass, number>;
  connections: ConnectionTotals;
  messages: MessageCounts;
}

/** Latencies of answered requests: of those that were waiting at any moment of a window, and of the others. */
export interface Latencies {
  inRestarts: Summary;
  otherwise: Summary;
}

export interface Summary {
  count: number;
  min: number;
  median: number;
  p99: number;
  max: number;
}

export interface FailureSample {
  entry: EntryName;
  failureClass: FailureClass;
  message: string;
  /** Since the SIGHUP before it; undefined before the first. */
  afterRestartMs?: number;
}

const SAMPLES_MAX = 10;

/** Counts every request once. Latencies are kept whole and sorted at the end: a run has some 100,000 of them at most. */
export class Ledger {
  readonly entries = Object.fromEntries(ENTRY_NAMES.map((name) => [name, newEntry()])) as Record<
    EntryName,
    Entry
  >;
  readonly samples: FailureSample[] = [];
  readonly #answered = Object.fromEntries(ENTRY_NAMES.map((name) => [name, []])) as unknown as Record<
    EntryName,
    RequestRecord[]
  >;
  readonly #restartsAtMs: number[] = [];

  addReport(report: ClientReport): void {
    for (const record of report.records) this.add(report.kind, record);
    this.entries[report.kind].connections = report.connections;
    this.entries[report.kind].messages = report.messages;
  }

  add(name: EntryName, record: RequestRecord): void {
    const entry = this.entries[name];
    entry.requests += 1;
    if (!record.failure) {
      this.#answered[name].push(record);
      return;
    }
    entry.failed += 1;
    entry.failures[record.failure.failureClass] += 1;
    if (this.samples.length < SAMPLES_MAX) {
      const restartAtMs = this.#restartsAtMs.findLast((atMs) => atMs <= record.endedAtMs);
      const afterRestartMs =
        restartAtMs === undefined ? {} : { afterRestartMs: rounded(record.endedAtMs - restartAtMs) };
      this.samples.push({ entry: name, ...record.failure, ...afterRestartMs });
    }
  }

  /** Opens a window: from then on for `RESTART_WINDOW_MS`, latencies count as those of a restart. */
  markRestart(atMs: number): void {
    this.#restartsAtMs.push(atMs);
  }

  get requests(): number {
    return ENTRY_NAMES.reduce((sum, name) => sum + this.entries[name].requests, 0);
  }

  get failed(): number {
    return ENTRY_NAMES.reduce((sum, name) => sum + this.entries[name].failed, 0);
  }

  latencies(name: EntryName): Latencies {
    const inRestarts: number[] = [];
    const otherwise: number[] = [];
    for (const record of this.#answered[name]) {
      (this.#duringRestart(record) ? inRestarts : otherwise).push(record.latencyMs);
    }
    return { inRestarts: summarize(inRestarts), otherwise: summarize(otherwise) };
  }

  #duringRestart({ endedAtMs, latencyMs }: RequestRecord): boolean {
    const last = this.#restartsAtMs.findLast((atMs) => atMs <= endedAtMs);
    return last !== undefined && endedAtMs - latencyMs <= last + RESTART_WINDOW_MS;
  }
}

/** How long after a SIGHUP latencies count as those of a restart. */
export const RESTART_WINDOW_MS = 1_000;

export function summarize(values: number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  // Nearest rank: the smallest value that is not below the given share of all values.
  const rank = (share: number) => rounded(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { count: sorted.length, min: rank(0), median: rank(0.5), p99: rank(0.99), max: rank(1) };
}

/** To a tenth: the clock is finer than what it measures here. */
export function rounded(valueMs: number): number {
  return Math.round(valueMs * 10) / 10;
}

function newEntry(): Entry {
  return {
    requests: 0,
    failed: 0,
    failures: Object.fromEntries(FAILURE_CLASSES.map((name) => [name, 0])) as Record<FailureClass, number>,
    connections: { clients: 0, survived: 0, opened: 0, closeAnnounced: 0, closedWhileIdle: 0 },
    messages: { sent: 0, lost: 0, doubled: 0 },
  };
}
