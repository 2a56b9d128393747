import { spawn } from "node:child_process";
import { StepFailed } from "./entry.mjs";
import { withProgress } from "./progress.mjs";
import { ROOT } from "./root.mjs";

const OUTPUT_CHARS_MAX = 200_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs a command in the foreground, with this process's own terminal. Resolves with its exit status. */
export function runInForeground(command, args, env = process.env) {
  return settled(spawn(command, args, { cwd: ROOT, env, stdio: "inherit" }));
}

/**
 * Runs a command behind a line of progress. Its output is shown only if it fails.
 * @throws StepFailed with the last of its output
 */
export function runQuietly(doing, command, args, { env = process.env, detail = () => "" } = {}) {
  return withProgress(doing, detail, async () => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-OUTPUT_CHARS_MAX);
      });
    }
    const status = await settled(child);
    if (status !== 0)
      throw new StepFailed(`${output.trim()}\n\n${doing} failed (status ${status}), see above`);
    return output;
  });
}

/**
 * Waits for the child, and never leaves it behind: a signal to this process goes on to the child, and once the
 * child is gone this process ends by the same signal, as whoever sent it expects.
 */
function settled(child) {
  let received;
  const forward = (signal) => {
    received = signal;
    // A terminal sends Ctrl-C to the whole group: the child has it already.
    if (!(signal === "SIGINT" && process.stdin.isTTY)) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, forward);
  };
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      release();
      reject(new StepFailed(`${child.spawnfile} cannot be started: ${error.message}`));
    });
    child.once("close", (code, signal) => {
      release();
      if (received) process.kill(process.pid, received);
      else resolve(code ?? `by ${signal}`);
    });
  });
}
