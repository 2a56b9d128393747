import type { Server } from "node:http";
import type { Generation, HandoffReport } from "@heirloom/node-runtime";
import { LAUNCHER_VARIABLE, type ServiceEvent } from "./launcher/events.js";

/** Whether a launcher has started the first generation, and reads what all generations write. */
export const launched = process.env[LAUNCHER_VARIABLE] !== undefined;

/** Tells the launcher what becomes of this generation, and ends the service in order when the launcher is gone. */
export function linkToLauncher(generation: Generation, server: Server): void {
  process.stdout.on("error", () => {}); // what is told when the launcher is gone is told to nobody

  // Standard input is the lifeline: nothing ever comes, and it ends with the launcher.
  const end = () => generation.stop();
  process.stdin.once("end", end).once("error", end).resume();
  process.stdin.unref();

  const fail = (error: unknown) => {
    tellFailure(error);
    process.exit(1);
  };
  process.once("uncaughtException", fail);
  generation.once("owner", () => {
    process.off("uncaughtException", fail);
    tellOwner(generation, server);
  });
  generation.on("handoff", tellHandoff);
}

function tellOwner(generation: Generation, server: Server): void {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the demo serves on TCP only");
  const { address: host, port } = address;
  tell({ event: "owner", generation: generation.number, pid: process.pid, host, port });
}

function tellHandoff({ outcome, generation, child, durationMs, error, drain }: HandoffReport): void {
  tell({
    event: "handoff",
    outcome,
    generation,
    pid: process.pid,
    childGeneration: child.generation,
    durationMs,
    ...(error && { error: { code: error.code, message: error.message } }),
    ...(drain && { drain }),
  });
}

function tellFailure(error: unknown): void {
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
