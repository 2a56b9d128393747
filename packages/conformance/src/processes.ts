import { readdirSync, readFileSync } from "node:fs";

/** Marks everything that a scenario starts, through every generation: children inherit it. */
export const markVariable = "HEIRLOOM_TEST_RUN";

/** The live processes with this mark; a zombie is dead, and has no environment. */
export function processesOf(mark: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`${markVariable}=${mark}`));
}

export function isAlive(pid: number): boolean {
  return environmentOf(pid).length > 1;
}

export function isStopped(pid: number): boolean {
  try {
    return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}
