// Sets up, builds what the demo needs, and becomes the demo.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { enter, StepFailed } from "./lib/entry.mjs";
import { ROOT } from "./lib/root.mjs";
import { setUp } from "./lib/setup.mjs";
import { build } from "./lib/turbo.mjs";

const SERVER = join(ROOT, "apps", "demo", "dist", "main.js");

await enter(async () => {
  await setUp(() => build("@heirloom/demo..."));
  if (!existsSync(SERVER))
    throw new StepFailed("the build of apps/demo left no dist/main.js: see its tsup.config.ts");
});
if (!process.exitCode) {
  // In this process rather than in a child: signals, exit status and terminal are the demo's own, nothing to forward.
  process.argv = [process.execPath, SERVER, ...process.argv.slice(2)];
  await import(pathToFileURL(SERVER));
}
