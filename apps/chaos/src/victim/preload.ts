/**
 * Loaded into every process of the victim before its own code (`node --import`). Listens to the steps that the runtime
 * publishes, writes them down for the conductor, and stops the process at the very step that the order names: a
 * publication is synchronous, so nothing happens between the step and the stop.
 */
import { subscribe } from "node:diagnostics_channel";
import { openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { DrainCounts } from "@heirloom/node-runtime";
import { now } from "../now.js";
import { APP_CHANNEL, type AppStep, FOLDER_VARIABLE, type Order, RELEASED } from "./order.js";
import { say } from "./say.js";
import { atAppStep, atBoot, atEffect, atEvent, atSpawn, strikeSelf } from "./strike.js";

const folder = process.env[FOLDER_VARIABLE] ?? ".";
// Opened once, so that orders reach a process without a free descriptor, too.
const orders = openSync(join(folder, "order.json"), "r");
const buffer = Buffer.alloc(4_096);
const bootedBy = process.ppid;
let carriedOut = 0;

say({ type: "boot", at: now(), pid: process.pid, ppid: bootedBy });
{
  const order = readOrder();
  if (order !== undefined && order.parentPid === bootedBy) atBoot(order.kind);
}
meet("child", "boot", "boot");

subscribe("heirloom:event", (message) => {
  const { generation, role, event, from, to } = message as Record<string, string> & { generation: number };
  say({
    type: "step",
    at: now(),
    pid: process.pid,
    generation,
    role: `${role}`,
    text: `${from}: ${event}`,
    to: `${to}`,
  });
  atEvent(`${event}`);
  meet(`${role}`, "event", `${event}`, undefined, generation);
});

subscribe("heirloom:effect", (message) => {
  const { generation, role, effect, when } = message as Record<string, string> & { generation: number };
  const text = when === "before" ? `  ${effect}` : effect === "releaseConnections" ? RELEASED : undefined;
  if (text !== undefined)
    say({ type: "step", at: now(), pid: process.pid, generation, role: `${role}`, text });
  if (effect === "spawnChild" && readOrder() !== undefined) atSpawn(`${when}`);
  atEffect(`${effect}`, `${when}`);
  meet(`${role}`, "effect", `${effect}`, `${when}`, generation);
});

subscribe(APP_CHANNEL, (message) => {
  const step = message as AppStep;
  say({
    type: "step",
    at: now(),
    pid: process.pid,
    generation: step.generation,
    role: "app",
    text: step.step,
  });
  const order = readOrder();
  const isParents = step.step === "retiring" || step.step === "exporting";
  if (order !== undefined && order.parentPid === (isParents ? process.pid : bootedBy)) {
    const hold = atAppStep(order.kind, step.step);
    if (hold !== undefined) step.hold = hold;
  }
  meet("child", "app", step.step, undefined, step.generation);
});

subscribe("heirloom:handoff", (message) => {
  const { outcome, generation, error, drain } = message as {
    outcome: string;
    generation: number;
    drain?: DrainCounts;
    error?: { code: string; message: string };
  };
  say({
    type: "report",
    at: now(),
    pid: process.pid,
    generation,
    outcome,
    ...(error && { code: error.code, message: error.message }),
    ...(drain && { drain }),
  });
});

/** Stops this process if the order says: here. What it does to itself follows when the conductor lets it go on. */
function meet(role: string, source: string, name: string, when?: string, generation?: number): void {
  const order = readOrder();
  if (order === undefined || order.id === carriedOut || order.role !== role) return;
  const { point } = order;
  if (point.source !== source || point.name !== name || point.when !== when) return;
  const mine = role === "parent" ? order.parentPid === process.pid : order.parentPid === bootedBy;
  if (!mine || (generation !== undefined && generation !== order.generation + (role === "child" ? 1 : 0)))
    return;
  carriedOut = order.id;
  say({ type: "struck", at: now(), pid: process.pid, id: order.id });
  process.kill(process.pid, "SIGSTOP");
  if (order.strikes) strikeSelf(order.kind);
}

function readOrder(): Order | undefined {
  try {
    const bytes = readSync(orders, buffer, 0, buffer.length, 0);
    return bytes === 0 ? undefined : (JSON.parse(buffer.toString("utf8", 0, bytes)) as Order);
  } catch {
    // Being written this instant: it is meant for a handoff that has not begun.
    return undefined;
  }
}
