import type { Generation } from "@heirloom/node-runtime";
import { Counter, register as defaultRegister, Gauge, type Registry } from "prom-client";
import { Inheritance } from "./inheritance.js";

export interface InstrumentOptions {
  /** Where the metrics are registered. Default: the registry that prom-client gives everybody. */
  readonly register?: Registry;
}

/**
 * Registers the metrics of a service and feeds them. Counters go on from generation to generation. Call it once in each
 * generation, before `ready`.
 * @throws HandoffError EVENT_UNEXPECTED after `ready`
 * @throws Error where the registry has metrics of these names
 */
export function instrument(
  generation: Generation,
  { register = defaultRegister }: InstrumentOptions = {},
): void {
  const inheritance = new Inheritance(generation);
  const registers = [register];
  new Gauge({
    name: "heirloom_generation",
    help: "Which life of the service this process is: 1, 2, 3 ...",
    registers,
    collect() {
      this.set(generation.number);
    },
  });
  new Gauge({
    name: "heirloom_owner",
    help: "1 in the generation that accepts and does exclusive work, 0 in any other",
    registers,
    collect() {
      this.set(generation.isOwner ? 1 : 0);
    },
  });
  new Counter({
    name: "heirloom_handoffs_total",
    help: "Handoffs by outcome: committed (once the parent has drained), aborted, rolledBack",
    labelNames: ["outcome"],
    registers,
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(inheritance.counts.handoffs))
        this.inc({ outcome }, count);
    },
  });
  new Counter({
    name: "heirloom_rollbacks_total",
    help: "Handoffs whose child was owner, or may have been, and died: the parent took the service back",
    registers,
    collect() {
      this.reset();
      this.inc(inheritance.counts.handoffs.rolledBack ?? 0);
    },
  });
  new Counter({
    name: "heirloom_connections_total",
    help: "What became of connections that were open at a handoff: moved, finished, closed while idle, cut at the deadline",
    labelNames: ["class", "end"],
    registers,
    collect() {
      this.reset();
      for (const [of, ends] of Object.entries(inheritance.counts.connections)) {
        for (const [end, count] of Object.entries(ends)) this.inc({ class: of, end }, count);
      }
    },
  });
  new Gauge({
    name: "heirloom_handoff_step_seconds",
    help: "When each step of the last committed handoff was reached, from its start",
    labelNames: ["step"],
    registers,
    collect() {
      this.reset();
      for (const { step, atMs } of inheritance.counts.last?.steps ?? []) this.set({ step }, atMs / 1_000);
    },
  });
  new Gauge({
    name: "heirloom_connection_pause_seconds",
    help: "The longest time for which a connection that moved in the last committed handoff was read by nobody",
    registers,
    collect() {
      this.set((inheritance.counts.last?.longestPauseMs ?? 0) / 1_000);
    },
  });
}
