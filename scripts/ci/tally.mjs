// node scripts/ci/tally.mjs <report> <status>: prints "passed failed skipped", summed over the JSON reports of vitest
// that a run has left at <report>, packages/*/<report> and apps/*/<report>, and removes them.
//
// A run that failed without a failed test to show (a file that cannot be loaded, an error outside of tests, a limit
// of time) counts as one failure, and so does a run without any report.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/root.mjs";

const [report, status] = process.argv.slice(2);
let [passed, failed, skipped, reports] = [0, 0, 0, 0];

const folders = ["packages", "apps"].flatMap((kind) =>
  readdirSync(join(ROOT, kind)).map((name) => join(ROOT, kind, name)),
);
for (const folder of [ROOT, ...folders]) {
  const path = join(folder, report);
  if (!existsSync(path)) continue;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const unloaded = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  passed += numPassedTests;
  failed += numFailedTests + unloaded.length;
  skipped += numPendingTests + (numTodoTests ?? 0);
  reports += 1;
  rmSync(path);
}
if (failed === 0 && (status !== "0" || reports === 0)) failed = 1;
console.log(`${passed} ${failed} ${skipped}`);
