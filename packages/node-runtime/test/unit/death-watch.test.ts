import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { DeathWatch } from "../../src/process/death-watch.js";
import { corpse } from "../support/processes.js";

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
  const watch = new DeathWatch(await corpse());
  expect(watch.isBlind).toBe(false);
  expect(watch.parentIsGone).toBe(true);
});
