import type { ConnectionEnd } from "@heirloom/node-runtime";
import type { HandoffEvent } from "../launcher/events.js";
import {
  ENTRY_NAMES,
  type Entry,
  type EntryName,
  type FailureSample,
  type Latencies,
  type Ledger,
  rounded,
  type Summary,
  summarize,
} from "./ledger.js";
import type { Restart } from "./restarter.js";

/** The whole result; `--json` prints exactly this. Durations are in milliseconds. */
export interface Report {
  /** No request failed, each restart asked for so far produced a new generation, and the load itself worked. */
  ok: boolean;
  interrupted: boolean;
  node: string;
  durationMs: number;
  restarts: {
    asked: number;
    done: number;
    failed: Restart[];
    /** From the SIGHUP to the first answer of the new generation, seen from outside. */
    firstAnswerMs: Summary;
    /** From the start of the child to the commit seen by both, by the parents' own reports. */
    handoffMs: Summary;
    outcomes: Record<HandoffEvent["outcome"], number>;
    /** What became of the connections of the generations that left. */
    drained: { moved: number; finished: number; closed: number; cut: number; longestPauseMs: number };
  };
  requests: number;
  failed: number;
  /** By kind; what those that keep their connection came to is in `connections`, and in `messages`. */
  clients: Record<EntryName, Entry & { latencyMs: Latencies }>;
  samples: FailureSample[];
  problems: string[];
}

export interface ReportInput {
  ledger: Ledger;
  restarts: Restart[];
  asked: number;
  handoffs: readonly HandoffEvent[];
  problems: string[];
  durationMs: number;
  interrupted: boolean;
}

export function buildReport(input: ReportInput): Report {
  const { ledger, restarts, handoffs } = input;
  const failed = restarts.filter(({ problem }) => problem !== undefined);
  const missing = input.interrupted ? 0 : input.asked - restarts.length;
  const problems = [...input.problems];
  if (missing > 0) problems.push(`${missing} restarts were not tried any more`);
  const committed = handoffs.filter(({ outcome }) => outcome === "committed");
  const sum = (end: ConnectionEnd) => committed.reduce((total, { drain }) => total + (drain?.[end] ?? 0), 0);
  const clients = ENTRY_NAMES.map((name) => [
    name,
    { ...ledger.entries[name], latencyMs: ledger.latencies(name) },
  ]);
  return {
    ok: ledger.failed === 0 && failed.length === 0 && problems.length === 0,
    interrupted: input.interrupted,
    node: process.version,
    durationMs: rounded(input.durationMs),
    restarts: {
      asked: input.asked,
      done: restarts.length - failed.length,
      failed,
      firstAnswerMs: summarize(restarts.flatMap(({ firstAnswerMs }) => firstAnswerMs ?? [])),
      handoffMs: summarize(committed.map(({ durationMs }) => durationMs)),
      outcomes: {
        committed: committed.length,
        aborted: handoffs.filter(({ outcome }) => outcome === "aborted").length,
        rolledBack: handoffs.filter(({ outcome }) => outcome === "rolledBack").length,
      },
      drained: {
        moved: sum("moved"),
        finished: sum("finished"),
        closed: sum("closed"),
        cut: sum("cut"),
        longestPauseMs: rounded(Math.max(0, ...committed.map(({ drain }) => drain?.longestPauseMs ?? 0))),
      },
    },
    requests: ledger.requests,
    failed: ledger.failed,
    clients: Object.fromEntries(clients),
    samples: ledger.samples,
    problems,
  };
}
