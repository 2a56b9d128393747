// node scripts/ci/leftovers.mjs <run>: finds processes that carry HEIRLOOM_TEST_RUN=<run>, or <run>:<anything> (where a
// test tells its own processes from another's), in their environment, names them, ends them, and exits with 1 if there
// were any. Reads /proc, so it works on Linux only.
import { readdirSync, readFileSync } from "node:fs";

// What is about to exit when the tests are over may do so.
const GRACE_MS = 5_000;
const POLL_MS = 100;
const marker = `HEIRLOOM_TEST_RUN=${process.argv[2]}`;

function marked() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isMarked(read(pid, "environ")));
}

function isMarked(environment) {
  return environment.split("\0").some((entry) => entry === marker || entry.startsWith(`${marker}:`));
}

function read(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // Gone meanwhile, or somebody else's.
    return "";
  }
}

const deadline = Date.now() + GRACE_MS;
let left = marked();
while (left.length > 0 && Date.now() < deadline) {
  await new Promise((wake) => setTimeout(wake, POLL_MS));
  left = marked();
}
for (const pid of left) {
  console.error(`left behind: ${pid} ${read(pid, "cmdline").replaceAll("\0", " ")}`);
  try {
    process.kill(Number(pid), "SIGKILL");
  } catch {
    // It ended by itself after all.
  }
}
process.exitCode = left.length > 0 ? 1 : 0;
