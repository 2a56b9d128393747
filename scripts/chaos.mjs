// Sets up, builds what the chaos run needs, and becomes the chaos run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { enter, StepFailed } from "./lib/entry.mjs";
import { ROOT } from "./lib/root.mjs";
import { setUp } from "./lib/setup.mjs";
import { build } from "./lib/turbo.mjs";

const MAIN = join(ROOT, "apps", "chaos", "dist", "main.js");

await enter(async () => {
  await setUp(() => build("@heirloom/chaos..."));
  if (!existsSync(MAIN))
    throw new StepFailed("the build of apps/chaos left no dist/main.js: see its tsup.config.ts");
});
if (!process.exitCode) {
  // In this process rather than in a child: signals, exit status and terminal are the run's own, nothing to forward.
  process.argv = [process.execPath, MAIN, ...process.argv.slice(2)];
  await import(pathToFileURL(MAIN));
}
