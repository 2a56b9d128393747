import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { DeathWatch } from "../../src/process/death-watch.js";

test("a parent that lives is told so after a bounded look, and only once", async () => {
  const watch = new DeathWatch(process.ppid);
  expect(watch.parentIsGone).toBe(false);
  expect(watch.isBlind).toBe(false);
  const told: string[] = [];
  await new Promise<void>((resolve) =>
    watch.look({
      parentDied: () => told.push("died"),
      parentLives: () => {
        told.push("lives");
        resolve();
      },
    }),
  );
  expect(told).toEqual(["lives"]);
});

test("a parent that is gone is told at once", () => {
  const { pid = 0 } = spawn("true");
  const watch = new DeathWatch(pid);
  expect(watch.parentIsGone).toBe(true);
  const told: string[] = [];
  watch.look({ parentDied: () => told.push("died"), parentLives: () => told.push("lives") });
  expect(told).toEqual(["died"]);
});

test("a process that its parent started through another one is blind", () => {
  // The parent lives, and is not this process's own.
  const parent = spawn("sleep", ["60"]);
  onTestFinished(() => void parent.kill("SIGKILL"));
  expect(new DeathWatch(parent.pid ?? 0).isBlind).toBe(true);
});

test("a process whose parent is dead is not blind, collected or not", async () => {
  // The shell is replaced by a program that never collects its child, which stays a zombie.
  const keeper = spawn("/bin/sh", ["-c", "sh -c 'echo $$' & exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void keeper.kill("SIGKILL"));
  const lines = createInterface({ input: keeper.stdout });
  const pid = await new Promise<number>((resolve) => lines.once("line", (line) => resolve(Number(line))));
  const watch = new DeathWatch(pid);
  const { eventually } = await import("../support/eventually.js");
  await eventually("the process is dead", () => !watch.isBlind);
  expect(watch.parentIsGone).toBe(true);
});
