import { setTimeout as pause } from "node:timers/promises";
import { link } from "../launcher/address.js";
import { failureText } from "../launcher/failure-text.js";
import { onInterrupt } from "../launcher/interrupt.js";
import { ServiceProcess } from "../launcher/service-process.js";
import type { Terminal } from "../terminal.js";
import { clientCounts, openFilesMax } from "./client-counts.js";
import { ClientProcesses } from "./client-processes.js";
import { nowMs } from "./clock.js";
import type { Target } from "./connection.js";
import { KINDS } from "./kinds/index.js";
import type { KindName } from "./kinds/kind.js";
import { Ledger } from "./ledger.js";
import { Progress } from "./progress.js";
import { buildReport, type Report } from "./report.js";
import { reportLines } from "./report-text.js";
import { type Restart, restartRepeatedly } from "./restarter.js";

export interface LoadOptions {
  host: string;
  port: number | undefined;
  restarts: number;
  json: boolean;
}

interface Run {
  target: Target;
  clients: Record<KindName, number>;
  options: LoadOptions;
  service: ServiceProcess;
  ledger: Ledger;
  progress: Progress;
  interrupted: AbortSignal;
}

/** Load without a restart, before the first one and after the last: what the latencies are compared with. */
const CALM_MS = 3_000;
/** The service's own drain deadline is 30 s. */
const STOP_DEADLINE_MS = 40_000;

/** Starts the service, puts load on it, restarts it, reports; returns the exit status. */
export async function runLoad(options: LoadOptions, terminal: Terminal): Promise<number> {
  const startedAtMs = nowMs();
  const service = new ServiceProcess({ host: options.host, port: options.port ?? 0 });
  service.on("output", (line) => terminal.line(line));
  const interrupt = new AbortController();
  const stopListening = onInterrupt(
    (signal) => interrupt.abort(signal),
    () => service.kill(),
  );
  const target = await service.started();
  if (!target) {
    stopListening();
    process.stderr.write(
      `demo: ${failureText(service.failure, { host: options.host, port: options.port ?? 0 })}\n`,
    );
    return 1;
  }
  terminal.line(`Load on ${link(target)}, restarts: ${options.restarts}`);
  const clients = clientCounts(openFilesMax());
  if (clients.idle < KINDS.idle.clients)
    terminal.line(
      `Idle connections: ${clients.idle} instead of ${KINDS.idle.clients}, since a process may open only ${openFilesMax()} files (ulimit -n)`,
    );
  const ledger = new Ledger();
  const progress = new Progress(terminal, ledger, options.restarts);
  const run = { target, clients, options, service, ledger, progress, interrupted: interrupt.signal };

  const { restarts, problems } = await restartUnderLoad(run);
  problems.push(...(await end(run)));
  progress.end();
  stopListening();

  const interrupted = interrupt.signal.aborted;
  const { handoffs } = service;
  const durationMs = nowMs() - startedAtMs;
  const report = buildReport({
    ledger,
    restarts,
    asked: options.restarts,
    handoffs,
    problems,
    durationMs,
    interrupted,
  });
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else for (const line of reportLines(report, terminal)) terminal.line(line);
  return exitStatus(report, interrupt.signal.reason);
}

async function restartUnderLoad(run: Run): Promise<{ restarts: Restart[]; problems: string[] }> {
  const { target, options, service, ledger, progress, interrupted } = run;
  const clients = new ClientProcesses(target, run.clients, (report) => ledger.addReport(report));
  const calm = () => pause(CALM_MS, undefined, { signal: interrupted }).catch(() => {});

  await calm();
  const restarts = await restartRepeatedly({
    target,
    restarts: options.restarts,
    ledger,
    interrupted,
    service,
    onRestart: (restart) => progress.restarted(restart),
  });
  await calm();

  progress.say("Ending: the clients finish what they asked for …");
  await Promise.race([clients.finish(), whenAborted(interrupted).then(() => clients.abandon())]);
  return { restarts, problems: clients.problems };
}

async function end({ service, progress }: Run): Promise<string[]> {
  const problems: string[] = [];
  progress.say("Ending: the service …");
  if (service.hasEnded) problems.push("the service ended before it was told to");
  service.stop();
  const deadline = setTimeout(() => {
    problems.push(`the service did not end within ${STOP_DEADLINE_MS / 1000} s`);
    service.kill();
  }, STOP_DEADLINE_MS);
  await service.ended;
  clearTimeout(deadline);
  return problems;
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function exitStatus(report: Report, interruptedBy: "SIGINT" | "SIGTERM" | undefined): number {
  if (!report.ok) return 1;
  if (interruptedBy) return interruptedBy === "SIGINT" ? 130 : 143;
  return 0;
}
