import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "./totals.js";

/** Where a generation that leaves will leave what it counted after its state went over. Nobody can guess it. */
export function legacyPath(): string {
  return join(tmpdir(), `heirloom-metrics-${randomUUID()}.json`);
}

/** Whole or not at all; for this user alone. */
export function leaveLegacy(path: string, counts: Counts): void {
  writeFileSync(`${path}.part`, JSON.stringify(counts), { flag: "wx", mode: 0o600 });
  renameSync(`${path}.part`, path);
}

/** Takes it, for whoever comes first: it is counted once. Undefined: it is not there, or not any more. */
export function takeLegacy(path: string): Counts | undefined {
  const taken = `${path}.${process.pid}`;
  try {
    renameSync(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(readFileSync(taken, "utf8")) as Counts;
  } finally {
    rmSync(taken);
  }
}
