import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../lib/root.mjs";
import { checkout } from "./checkout.mjs";

const REPORT = {
  success: true,
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [],
};

function tally(files, status) {
  const folder = checkout({ "packages/one/package.json": {}, "apps/demo/package.json": {}, ...files });
  const args = [join(folder, "scripts/ci/tally.mjs"), "reports/tests.json", status];
  return { folder, counts: execFileSync(process.execPath, args, { encoding: "utf8" }) };
}

test("the reports of all folders are added up, and used once", () => {
  const { folder, counts } = tally(
    {
      "packages/one/reports/tests.json": REPORT,
      "apps/demo/reports/tests.json": { ...REPORT, numFailedTests: 2, success: false },
      "reports/tests.json": { ...REPORT, numPassedTests: 100 },
    },
    "1",
  );

  expect(counts).toBe("110 2 6\n");
  expect(existsSync(join(folder, "packages/one/reports/tests.json"))).toBe(false);
});

test("a test file that cannot be loaded is a failure", () => {
  const testResults = [
    { name: join(ROOT, "packages/one/test/a.test.ts"), status: "failed", assertionResults: [] },
  ];
  expect(
    tally({ "packages/one/reports/tests.json": { ...REPORT, success: false, testResults } }, "1").counts,
  ).toBe("5 1 2\n");
});

test("every report that failed without a failed test is a failure", () => {
  const empty = { ...REPORT, numPassedTests: 0, success: false };
  const files = { "packages/one/reports/tests.json": empty, "apps/demo/reports/tests.json": empty };
  expect(tally(files, "1").counts).toBe("0 2 4\n");
});

test("a run that fails without a failed test, or leaves no report, is a failure", () => {
  expect(tally({ "packages/one/reports/tests.json": REPORT }, "1").counts).toBe("5 1 2\n");
  expect(tally({}, "0").counts).toBe("0 1 0\n");
});

test("a chaos run counts as many as it has turns, and what went wrong has a name", () => {
  const cell = { victim: "child", moment: "ready", kind: "exit1", rounds: 2, broken: 0, missed: 0 };
  const tallied = (cells, status) => {
    const folder = checkout(cells === undefined ? {} : { "report.json": { cells } });
    const args = [join(folder, "scripts/ci/chaos-tally.mjs"), join(folder, "report.json"), status];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return [stdout, stderr];
  };
  expect(tallied([cell, cell], "0")).toEqual(["4 0\n", ""]);
  expect(tallied([cell, { ...cell, kind: "exit0", broken: 1 }], "1")).toEqual([
    "3 1\n",
    "FAILED: the chaos run: child/ready/exit0\n",
  ]);
  expect(tallied([cell], "130")).toEqual(["2 1\n", ""]);
  expect(tallied(undefined, "0")).toEqual(["0 1\n", ""]);
});

test.runIf(process.platform === "linux")("a process left by a run is found, named and ended", async () => {
  const run = `leftover-${process.pid}`;
  const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
    env: { ...process.env, HEIRLOOM_TEST_RUN: `${run}:one-test` },
    stdio: "ignore",
  });
  onTestFinished(() => void left.kill("SIGKILL"));
  const exit = once(left, "exit");
  const look = (id) =>
    spawnSync(process.execPath, [join(ROOT, "scripts/ci/leftovers.mjs"), id], { encoding: "utf8" });

  expect(look("another-run").status).toBe(0);
  const found = look(run);

  expect(found.status).toBe(1);
  expect(found.stderr).toMatch(new RegExp(`^left behind: ${left.pid} .*setInterval`));
  expect(await exit).toEqual([null, "SIGKILL"]);
});
