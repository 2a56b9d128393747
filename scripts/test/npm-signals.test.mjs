import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { ROOT } from "../lib/root.mjs";

const REPORTER = join(ROOT, "scripts", "test", "fixtures", "report-signals.mjs");

// As npm starts a script; the second command keeps any shell from becoming the first one.
async function underNpm() {
  const shell = spawn("sh", ["-c", `"${process.execPath}" "${REPORTER}"; exit`], {
    env: { ...process.env, npm_lifecycle_event: "demo" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  onTestFinished(() => {
    try {
      process.kill(-shell.pid, "SIGKILL");
    } catch {
      // All of it has left, as it should.
    }
  });
  const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  const [word, pid] = (await next()).split(" ");
  expect(word).toBe("ready");
  return { shell, pid: Number(pid), next };
}

test("a script whose shell was ended by npm takes it as its own SIGTERM", async () => {
  const { shell, next } = await underNpm();

  shell.kill("SIGTERM");

  expect(await next()).toBe("SIGTERM");
  expect(await next()).toBe(undefined);
});

test("each signal arrives as it was sent", async () => {
  const { shell, pid, next } = await underNpm();

  for (const signal of ["SIGHUP", "SIGINT", "SIGHUP", "SIGTERM"]) {
    process.kill(pid, signal);
    expect(await next()).toBe(signal);
  }
  if (shell.exitCode === null) await once(shell, "exit");
});
