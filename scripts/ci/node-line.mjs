// node scripts/ci/node-line.mjs <line>: fetches the newest Node.js of a line, such as 22, and prints the folder of its
// binary. It goes to .cache, outside of the workspaces: no package can come to depend on it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { npm } from "../lib/installation.mjs";
import { ROOT } from "../lib/root.mjs";

const line = process.argv[2];
const name = `node-${process.platform}-${process.arch}`;
const [command, ...prefix] = npm();
const run = (args) =>
  execFileSync(command, [...prefix, ...args], {
    encoding: "utf8",
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });

const versions = [JSON.parse(run(["view", `${name}@${line}`, "version", "--json"]))].flat();
// In the order of publication, which is not that of the numbers.
const version = versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
const folder = join(ROOT, ".cache", "node", version);
const binaries = join(folder, "node_modules", name, "bin");
if (!existsSync(join(binaries, "node"))) {
  mkdirSync(folder, { recursive: true });
  run([
    "install",
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    `--prefix=${folder}`,
    `${name}@${version}`,
  ]);
}
console.error(`Node.js ${execFileSync(join(binaries, "node"), ["--version"], { encoding: "utf8" }).trim()}`);
console.log(binaries);
