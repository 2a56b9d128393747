import type { DrainingAnswer } from "@heirloom/node-runtime/control";
import type { Process } from "../client/service.js";
import { count } from "./units.js";

/** What a process that leaves still waits for. */
export function drainingLine({ connections: { open }, probationLeftMs }: DrainingAnswer): string {
  const left = `  … draining   ${count(open, "connection")} left`;
  if (probationLeftMs === undefined) return left;
  return `${left}, and ${Math.ceil(probationLeftMs / 1_000)} s of the release's probation`;
}

/** What a process is still to finish when the service's owner has left. */
export function leavingLine({ generation, pid, status }: Process): string {
  const left = status === undefined ? "no answer" : `${count(status.connections.open, "connection")} left`;
  return `  … draining   generation ${generation} (pid ${pid}): ${left}`;
}
