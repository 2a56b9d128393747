import type { Server } from "node:http";
import type { Generation } from "@heirloom/node-runtime";
import { LAUNCHER_VARIABLE, type ServiceEvent } from "./launcher/events.js";

/** Whether a launcher has started the first generation, and reads what all generations write. */
export const launched = process.env[LAUNCHER_VARIABLE] !== undefined;

/** Standard input is the launcher's lifeline: when it ends the launcher is gone, and the service ends in order. */
export function endWithLauncher(): void {
  const end = () => process.kill(process.pid, "SIGTERM");
  process.stdin.once("end", end).once("error", end).resume();
  process.stdin.unref();
  process.stdout.on("error", () => {}); // whatever is told when the launcher is gone is told to nobody
}

export function tellOwner(generation: Generation, server: Server): void {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the demo serves on TCP only");
  tell({
    event: "owner",
    generation: generation.number,
    pid: process.pid,
    host: address.address,
    port: address.port,
  });
}

export function tellHandoffs(generation: Generation): void {
  generation.on("handoff", ({ outcome, generation: number, child, durationMs, error, drain }) => {
    tell({
      event: "handoff",
      outcome,
      generation: number,
      childGeneration: child.generation,
      durationMs,
      ...(error && { error: { code: error.code, message: error.message } }),
      ...(drain && { drain }),
    });
  });
}

export function tellFailure(error: unknown): void {
  const { code, message } = rootCause(error);
  tell({ event: "failed", pid: process.pid, code: code ?? "UNKNOWN", message });
}

/** The operating system's error, where there is one underneath. */
function rootCause(error: unknown): NodeJS.ErrnoException {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootCause(error.cause) : error;
}

function tell(event: ServiceEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
