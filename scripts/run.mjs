// node scripts/run.mjs <task> [arguments for the task]: set-up, then the task. See TASKS.
import { join } from "node:path";
import { runInForeground } from "./lib/child.mjs";
import { enter, StepFailed } from "./lib/entry.mjs";
import { ROOT, tool } from "./lib/root.mjs";
import { setUp } from "./lib/setup.mjs";
import { build, test, typecheck } from "./lib/turbo.mjs";

const TASKS = {
  build: () => 0,
  typecheck,
  lint: (args) => runInForeground(tool("biome"), ["check", ".", ...args]),
  format: (args) => runInForeground(tool("biome"), ["check", "--write", ".", ...args]),
  knip: (args) => runInForeground(tool("knip"), ["--no-config-hints", ...args]),
  "api-docs": (args) => runInForeground(process.execPath, [join(ROOT, "scripts", "api-docs.mjs"), ...args]),
  packaging: (args) => runInForeground(process.execPath, [join(ROOT, "scripts", "packaging.mjs"), ...args]),
  test,
  check: runChecks,
};
const WITHOUT_BUILD = new Set(["lint", "format", "api-docs"]);
const CHECKS = ["typecheck", "lint", "knip", "packaging", "api-docs --check", "test"];

/** Runs every check, whatever the others say, so that one run shows all there is to repair. */
async function runChecks() {
  const failed = [];
  for (const check of CHECKS) {
    console.log(`\n== ${check}`);
    const [task, ...args] = check.split(" ");
    if ((await TASKS[task](args)) !== 0) failed.push(check);
  }
  console.log(failed.length === 0 ? "\nAll checks pass" : `\nFailed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

await enter(async () => {
  const [task, ...args] = process.argv.slice(2);
  if (!Object.keys(TASKS).includes(task)) {
    throw new StepFailed(`usage: node scripts/run.mjs <${Object.keys(TASKS).join("|")}> [arguments]`);
  }
  await setUp(WITHOUT_BUILD.has(task) ? undefined : () => build());
  return TASKS[task](args);
});
