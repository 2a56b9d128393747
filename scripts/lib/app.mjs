import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { enter, StepFailed } from "./entry.mjs";
import { ROOT } from "./root.mjs";
import { setUp } from "./setup.mjs";
import { build } from "./turbo.mjs";

/**
 * Sets up, builds an app and what it depends on, and becomes the app: it runs in this process rather than in a
 * child, so that signals, exit status and terminal are its own, and nothing has to be forwarded.
 */
export async function becomeApp(name) {
  const main = join(ROOT, "apps", name, "dist", "main.js");
  await enter(async () => {
    await setUp(() => build(`@heirloom/${name}...`));
    if (!existsSync(main))
      throw new StepFailed(`the build of apps/${name} left no dist/main.js: see its tsup.config.ts`);
  });
  if (process.exitCode) return;
  process.argv = [process.execPath, main, ...process.argv.slice(2)];
  await import(pathToFileURL(main));
}
