import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../lib/root.mjs";
import { checkout } from "./checkout.mjs";

const HOLDER = join(ROOT, "scripts", "test", "fixtures", "hold-lock.mjs");
// "in" and "out" of ten rounds of one process.
const ROUNDS = "in\nout\n".repeat(10);

/** Starts so many processes, lets them all go for the lock at once, and resolves with how each of them ended. */
async function hold(folder, processes, ...more) {
  const args = [HOLDER, join(folder, "locks", "setup"), join(folder, "log"), ...more];
  const holders = Array.from({ length: processes }, () =>
    spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] }),
  );
  const ends = holders.map((holder) => once(holder, "exit"));
  await Promise.all(holders.map((holder) => once(holder.stdout, "data")));
  for (const holder of holders) holder.stdin.write("go\n");
  return (await Promise.all(ends)).map(([code, signal]) => code ?? signal);
}

const log = (folder) => readFileSync(join(folder, "log"), "utf8");

test("one of several processes holds the lock at a time, and nothing is left of it", async () => {
  const folder = checkout({});

  expect(await hold(folder, 4)).toEqual([0, 0, 0, 0]);

  expect(log(folder)).toBe(ROUNDS.repeat(4));
  expect(readdirSync(join(folder, "locks"))).toEqual([]);
});

test("an owner that was killed holds up nobody, and still one at a time comes in", async () => {
  const folder = checkout({});
  expect(await hold(folder, 1, "die")).toEqual(["SIGKILL"]);

  expect(await hold(folder, 4)).toEqual([0, 0, 0, 0]);

  expect(log(folder)).toBe(`in\n${ROUNDS.repeat(4)}`);
  expect(readdirSync(join(folder, "locks"))).toEqual([]);
});
