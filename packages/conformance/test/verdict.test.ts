import { expect, test } from "vitest";
import { type Implementation, node } from "../src/implementation.js";
import { everyCase, type Judged, performAll, unused } from "../src/matrix.js";
import { formatMatrix, formatTotals } from "../src/report.js";

/** A program that says it can, and cannot be started as a service: every scenario on it fails, at once. */
const broken = { name: "broken", command: ["/bin/sh", "-c", 'test -n "$CONFORMANCE_CHECK"'] };
const unable = { name: "unable", command: ["/bin/sh", "-c", "exit 77"] };
const find = (name: string, implementation: Implementation = broken) =>
  everyCase([implementation]).filter(
    ({ scenario, parent, child }) => scenario.name === name && parent === child,
  );
const because = "a test says so";

test("a failure that nobody expects is one, and shows what the program did", async () => {
  const [judged] = await performAll(find("normal"), [], () => {});
  expect(judged).toMatchObject({
    verdict: "failed",
    result: { outcome: "failed", reason: "generation 1 exited with status 1" },
  });
});

test("a failure that somebody expects is none", async () => {
  const expected = [{ parent: "broken", child: "*", scenario: "normal", because }];
  expect((await performAll(find("normal"), expected, () => {}))[0]?.verdict).toBe("expected failure");
});

test("a program that says 77 is not asked any further", async () => {
  const [judged] = await performAll(find("refuse: the child speaks other versions", unable), [], () => {});
  expect(judged).toMatchObject({ verdict: "unsupported", result: { by: "unable" } });
});

test("an expectation goes stale when its scenario passes, or is gone", async () => {
  const passing = [{ parent: "*", child: "*", scenario: "normal", because }];
  expect((await performAll(find("normal", node()), passing, () => {}))[0]?.verdict).toBe("stale expectation");
  const expected = [{ parent: "*", child: "*", scenario: "no such scenario", because }];
  expect(unused(expected, find("normal"))).toEqual(expected);
  expect(
    unused([{ parent: "broken", child: "broken", scenario: "normal", because }], find("normal")),
  ).toEqual([]);
});

test("the matrix counts by parent and child what both support", () => {
  const [first] = find("normal");
  const judged = (child: string, verdict: Judged["verdict"]): Judged => ({
    ...first!,
    child: { name: child, command: [] },
    verdict,
    result: { outcome: "passed" },
    durationMs: 1,
  });
  const all = [
    judged("a", "passed"),
    judged("a", "failed"),
    judged("a", "unsupported"),
    judged("b", "expected failure"),
    judged("c", "unsupported"),
  ];
  expect(formatMatrix(all)).toBe(
    ["parent \\ child  a    b              c", "broken          1/2  0/1 (1 known)  -"].join("\n"),
  );
  expect(formatTotals(all, [])).toBe(
    "1 passed, 1 failed, 1 failed as expected, 2 not supported, 0 expectations stale",
  );
});
