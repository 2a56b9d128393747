import type { DrainingAnswer } from "@heirloom/node-runtime/control";
import { count } from "./units.js";

/** What a process that leaves still waits for. */
export function drainingLine({ connections: { open }, probationLeftMs }: DrainingAnswer): string {
  const left = `  … draining   ${count(open, "connection")} left`;
  if (probationLeftMs === undefined) return left;
  return `${left}, and ${Math.ceil(probationLeftMs / 1_000)} s of the release's probation`;
}
