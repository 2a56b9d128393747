// node scripts/ci/tally.mjs <report> <status>: prints "passed failed skipped", summed over the JSON reports of vitest
// that a run has left at <report>, packages/*/<report> and apps/*/<report>, and removes them. Each failure is a line on
// stderr: where, which test, and how its error begins.
//
// A file that cannot be loaded counts as one failure, a report that failed without a failed test to show (no tests, an
// error outside of tests) as one, and so does a run that failed otherwise or left no report.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../lib/root.mjs";

const [report, status] = process.argv.slice(2);
let [passed, failed, skipped, reports] = [0, 0, 0, 0];

const folders = ["packages", "apps"].flatMap((kind) =>
  readdirSync(join(ROOT, kind)).map((name) => join(ROOT, kind, name)),
);
for (const folder of [ROOT, ...folders]) {
  const path = join(folder, report);
  if (!existsSync(path)) continue;
  const { success, numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(path, "utf8"),
  );
  const unloaded = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  );
  const failures = numFailedTests + unloaded.length;
  for (const file of unloaded) tell(file.name, "cannot be loaded", file.message);
  for (const file of testResults) {
    for (const test of file.assertionResults) {
      if (test.status === "failed") tell(file.name, test.fullName, test.failureMessages[0]);
    }
  }
  passed += numPassedTests;
  failed += failures === 0 && !success ? 1 : failures;
  skipped += numPendingTests + numTodoTests;
  reports += 1;
  rmSync(path);
}
if (failed === 0 && (status !== "0" || reports === 0)) failed = 1;
console.log(`${passed} ${failed} ${skipped}`);

function tell(file, test, message = "") {
  const [begins] = stripVTControlCharacters(message).split("\n");
  console.error(`FAILED: ${relative(ROOT, file)}: ${test}: ${begins}`);
}
