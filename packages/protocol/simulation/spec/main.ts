import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { specFiles } from "./files.js";

/** Writes what spec/v1 says of the machines; with --check, only says what differs. */
const folder = join(process.env.HEIRLOOM_PROTOCOL_FOLDER!, "../../spec/v1");
const check = process.argv.includes("--check");
let stale = 0;
for (const [path, text] of specFiles()) {
  const file = join(folder, path);
  let before = "";
  try {
    before = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (before === text) continue;
  stale += 1;
  console.log(`${check ? "differs" : "written"}: spec/v1/${path}`);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (check && stale > 0) {
  console.log("run: node packages/protocol/simulation/run.mjs spec");
  process.exitCode = 1;
}
