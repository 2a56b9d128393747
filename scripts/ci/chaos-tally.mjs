// node scripts/ci/chaos-tally.mjs <report.json> <status>: prints "passed failed", of the turns of a chaos run, and removes its report. Each
// cell that broke a promise, or whose moment never came, is a line on stderr. A run that failed otherwise, or left no report, is one failure.
import { existsSync, readFileSync, rmSync } from "node:fs";

const [path, status] = process.argv.slice(2);
let [passed, failed] = [0, 0];
if (existsSync(path)) {
  for (const { victim, moment, kind, rounds, broken, missed } of JSON.parse(readFileSync(path, "utf8"))
    .cells) {
    const bad = Math.min(rounds, broken + missed);
    if (bad > 0) console.error(`FAILED: the chaos run: ${victim}/${moment}/${kind}`);
    passed += rounds - bad;
    failed += bad;
  }
  rmSync(path);
}
if (failed === 0 && (status !== "0" || passed === 0)) failed = 1;
console.log(`${passed} ${failed}`);
