// node scripts/conformance.mjs [options]: sets up, builds, and becomes the conformance runner.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { enter } from "./lib/entry.mjs";
import { ROOT } from "./lib/root.mjs";
import { setUp } from "./lib/setup.mjs";
import { build } from "./lib/turbo.mjs";

const main = join(ROOT, "packages", "conformance", "dist", "main.js");

await enter(async () => {
  await setUp(() => build("@heirloom/conformance..."));
});
if (!process.exitCode) {
  process.argv = [process.execPath, main, ...process.argv.slice(2)];
  await import(pathToFileURL(main));
}
