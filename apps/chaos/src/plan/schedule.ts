import { readFileSync } from "node:fs";
import { allCells, cellName, type Turn } from "./cell.js";

/** Turns to repeat: what a failure leaves behind, and what is replayed for ever after. */
export interface Schedule {
  /** What was found with it. */
  readonly why: string;
  readonly turns: readonly Turn[];
}

/** @throws Error where the file is no schedule, or has a turn that the matrix does not */
export function readSchedule(path: string): Schedule {
  const { why, turns } = JSON.parse(readFileSync(path, "utf8")) as Partial<Schedule>;
  if (typeof why !== "string" || !Array.isArray(turns) || turns.length === 0)
    throw new Error(`${path} is no schedule: {why, turns}`);
  const known = new Set(allCells().map(cellName));
  for (const turn of turns as Turn[]) {
    if (!known.has(cellName(turn)) || !["before", "after"].includes(turn.side)) {
      throw new Error(`${path} has a turn that is not in the matrix: ${JSON.stringify(turn)}`);
    }
  }
  return { why, turns };
}
