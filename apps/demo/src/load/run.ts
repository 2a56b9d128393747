import { setTimeout as pause } from "node:timers/promises";
import { link } from "../launcher/address.js";
import type { HandoffEvent } from "../launcher/events.js";
import { failureText } from "../launcher/failure-text.js";
import { onInterrupt } from "../launcher/interrupt.js";
import { ServiceProcess } from "../launcher/service-process.js";
import type { Terminal } from "../terminal.js";
import { ClientProcesses } from "./client-processes.js";
import { nowMs } from "./clock.js";
import { freePort } from "./free-port.js";
import { Ledger } from "./ledger.js";
import { buildReport, type Report } from "./report.js";
import { reportLines } from "./report-text.js";
import { type Restart, restartRepeatedly } from "./restarter.js";

export interface LoadOptions {
  host: string;
  port: number | undefined;
  restarts: number;
  json: boolean;
}

/** Load without a restart, before the first one and after the last: what the latencies are compared with. */
const CALM_MS = 3_000;
/** The service's own drain deadline is 30 s. */
const STOP_DEADLINE_MS = 40_000;

/** Starts the service, puts load on it, restarts it, reports; returns the exit status. */
export async function runLoad(options: LoadOptions, terminal: Terminal): Promise<number> {
  const startedAtMs = nowMs();
  const target = { host: options.host, port: options.port || (await freePort(options.host)) };
  const service = new ServiceProcess(target);
  const handoffs: HandoffEvent[] = [];
  const problems: string[] = [];
  let serviceEnded = false;
  void service.ended
    .finally(() => {
      serviceEnded = true;
    })
    .catch(() => {});
  service.on("handoff", (handoff) => handoffs.push(handoff));
  service.on("output", (line) => terminal.line(line));

  const interrupted = new AbortController();
  let interruptedBy: "SIGINT" | "SIGTERM" | undefined;
  const stopListening = onInterrupt(
    (signal) => {
      interruptedBy = signal;
      interrupted.abort();
    },
    () => service.kill(),
  );

  const owner = await service.started();
  if (!owner) {
    stopListening();
    process.stderr.write(`demo: ${failureText(service.failure, target)}\n`);
    return 1;
  }
  terminal.line(`Load on ${link(target)}, restarts: ${options.restarts}`);

  const ledger = new Ledger();
  const clients = new ClientProcesses(target, (report) => ledger.addReport(report));
  const restarts: Restart[] = [];
  const calm = () => pause(CALM_MS, undefined, { signal: interrupted.signal }).catch(() => {});
  const progress = setInterval(() => {
    terminal.status(progressText(restarts.length, options.restarts, service, ledger, terminal));
  }, 100);

  await calm();
  await restartRepeatedly({
    target,
    restarts: options.restarts,
    ledger,
    interrupted: interrupted.signal,
    failed: (generation) => {
      if (serviceEnded) return "the service is gone";
      const handoff = handoffs.find((seen) => seen.generation === generation && seen.outcome !== "committed");
      return handoff && `${handoff.outcome}: ${handoff.error?.message ?? "no reason given"}`;
    },
    onRestart: (restart, number) => {
      restarts.push(restart);
      if (!terminal.live || restart.problem)
        terminal.line(restartLine(restart, number, options.restarts, ledger));
    },
  });
  await calm();
  clearInterval(progress);

  terminal.status("Ending: the clients finish what they asked for …");
  await (interrupted.signal.aborted
    ? clients.abandon()
    : Promise.race([clients.finish(), abandonWhen(interrupted.signal, clients)]));
  terminal.status("Ending: the service …");
  if (serviceEnded) problems.push("the service ended before it was told to");
  service.stop();
  const deadline = setTimeout(() => {
    problems.push(`the service did not end within ${STOP_DEADLINE_MS / 1000} s`);
    service.kill();
  }, STOP_DEADLINE_MS);
  await service.ended;
  clearTimeout(deadline);
  terminal.status("");
  stopListening();

  const report = buildReport({
    ledger,
    restarts,
    asked: options.restarts,
    handoffs,
    problems: [...problems, ...clients.problems],
    durationMs: nowMs() - startedAtMs,
    interrupted: interruptedBy !== undefined,
  });
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else for (const line of reportLines(report, terminal)) terminal.line(line);
  return exitStatus(report, interruptedBy);
}

function exitStatus(report: Report, interruptedBy: "SIGINT" | "SIGTERM" | undefined): number {
  if (!report.ok) return 1;
  if (interruptedBy) return interruptedBy === "SIGINT" ? 130 : 143;
  return 0;
}

async function abandonWhen(interrupted: AbortSignal, clients: ClientProcesses): Promise<void> {
  await new Promise((resolve) => interrupted.addEventListener("abort", resolve, { once: true }));
  await clients.abandon();
}

function progressText(
  done: number,
  asked: number,
  service: ServiceProcess,
  ledger: Ledger,
  terminal: Terminal,
): string {
  const failed =
    ledger.failed === 0
      ? terminal.paint("green", "0 failed")
      : terminal.paint("red", `${ledger.failed} failed`);
  const generation = service.owner?.generation ?? 1;
  return `restart ${done} of ${asked}   generation ${generation}   ${ledger.requests.toLocaleString("en")} requests, ${failed}`;
}

function restartLine(restart: Restart, number: number, asked: number, ledger: Ledger): string {
  const counts = `${ledger.requests.toLocaleString("en")} requests so far, ${ledger.failed} failed`;
  const outcome = restart.problem
    ? `FAILED: ${restart.problem}`
    : `generation ${restart.toGeneration} answered after ${Math.round(restart.firstAnswerMs ?? 0)} ms`;
  return `restart ${number} of ${asked}: ${outcome}; ${counts}`;
}
