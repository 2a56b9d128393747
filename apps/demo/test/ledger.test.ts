import { expect, it } from "vitest";
import { Ledger, summarize } from "../src/load/ledger.js";

it("a summary is made of values that occurred, by nearest rank", () => {
  expect(summarize([])).toEqual({ count: 0, min: 0, median: 0, p99: 0, max: 0 });
  expect(summarize([30, 10, 20])).toEqual({ count: 3, min: 10, median: 20, p99: 30, max: 30 });
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(summarize(hundred)).toEqual({ count: 100, min: 1, median: 50, p99: 99, max: 100 });
});

it("a latency counts as one of a restart if its request waited within 1 s of a SIGHUP", () => {
  const ledger = new Ledger();
  ledger.markRestart(10_000);
  ledger.markRestart(20_000);
  const waits: [number, number][] = [
    [9_000, 9_999], // over before the first
    [9_900, 10_001], // across it
    [10_999, 15_000], // begun just within its second
    [11_001, 15_000], // begun just after
    [11_002, 20_000], // across the second
  ];
  for (const [from, to] of waits) ledger.add("keptAlive", { endedAtMs: to, latencyMs: to - from });
  const { inRestarts, otherwise } = ledger.latencies("keptAlive");
  expect([inRestarts.count, otherwise.count]).toEqual([3, 2]);
});

it("a failed request is counted once, in its class, with a sample and without a latency", () => {
  const ledger = new Ledger();
  ledger.markRestart(1_000);
  const failure = { failureClass: "truncated", message: "closed, after 3 bytes" } as const;
  ledger.add("slowUploads", { endedAtMs: 1_250, latencyMs: 10, failure });
  ledger.add("slowUploads", { endedAtMs: 1_300, latencyMs: 10 });
  expect([ledger.requests, ledger.failed]).toEqual([2, 1]);
  expect(ledger.entries.slowUploads.failures.truncated).toBe(1);
  expect(ledger.latencies("slowUploads").inRestarts.count).toBe(1);
  expect(ledger.samples).toEqual([
    {
      entry: "slowUploads",
      failureClass: "truncated",
      message: "closed, after 3 bytes",
      afterRestartMs: 250,
    },
  ]);
});
