import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";

/** Set for every service of a test, and inherited by everything that it starts. */
export const runVariable = "HEIRLOOM_TEST_RUN";

/** The processes that carry this mark in their environment. */
export function processesOf(run: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`${runVariable}=${run}`));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Whether a process still holds anything. One that is dying has lost its environment before its sockets. */
export function isAlive(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return !/^State:\s+[ZX]/m.test(status) || Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]) > 1;
  } catch {
    return false;
  }
}

/** The number of a process that is dead, and that nobody collects until the test is over. */
export async function corpse(): Promise<number> {
  // The shell is replaced by a program that never collects its child.
  const keeper = spawn("/bin/sh", ["-c", "sh -c 'echo $$' & exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void keeper.kill("SIGKILL"));
  const lines = createInterface({ input: keeper.stdout });
  const pid = await new Promise<number>((resolve) => lines.once("line", (line) => resolve(Number(line))));
  await eventually("the process is dead", () => !isAlive(pid));
  return pid;
}

/** Whether a stop signal has taken effect. */
export function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

/** What the process's descriptors lead to, by number. */
export function descriptorsOf(pid: number): Map<number, string> {
  const found = new Map<number, string>();
  for (const entry of readdirSync(`/proc/${pid}/fd`)) {
    try {
      found.set(Number(entry), readlinkSync(`/proc/${pid}/fd/${entry}`));
    } catch {
      // Closed between the two calls.
    }
  }
  return found;
}

/** Descriptors by kind: what two moments of one process's life are compared by, numbers and inodes being accidents. */
function descriptorKinds(pid: number): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const target of descriptorsOf(pid).values()) {
    const kind = target.replace(/:?\[.*\]$/, "");
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** The descriptors that a process has at rest: clients of a moment ago have gone, and copies have been made. */
export async function settledDescriptors(pid: number): Promise<Record<string, number>> {
  let before = descriptorKinds(pid);
  let same = 0;
  await eventually("the process comes to rest", () => {
    const now = descriptorKinds(pid);
    same = isDeepStrictEqual(now, before) ? same + 1 : 0;
    before = now;
    return same === 10;
  });
  return before;
}

export function residentKilobytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
