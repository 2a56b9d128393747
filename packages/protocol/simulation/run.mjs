// node simulation/run.mjs explore [words of a scenario's name] [--deep]
// node simulation/run.mjs explore --mutants [--part k/n]
// node simulation/run.mjs spec [--check]
// Bundles the TypeScript of this folder into a temporary file and runs it: Node 20 reads no TypeScript.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const entries = { explore: "main.ts", spec: "spec/main.ts" };
const entry = entries[process.argv[2]];
if (entry === undefined) {
  console.error(`usage: node simulation/run.mjs ${Object.keys(entries).join("|")} [options]`);
  process.exit(2);
}
const folder = fileURLToPath(new URL(".", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "heirloom-simulation-"));
process.on("exit", () => rmSync(out, { recursive: true, force: true }));
process.env.HEIRLOOM_PROTOCOL_FOLDER = join(folder, "..");
await build({
  entryPoints: [join(folder, entry)],
  bundle: true,
  platform: "node",
  format: "esm",
  outfile: join(out, "main.mjs"),
  logLevel: "warning",
});
await import(pathToFileURL(join(out, "main.mjs")).href);
