import { setTimeout as pause } from "node:timers/promises";
import { nowMs } from "./clock.js";
import type { Target } from "./connection.js";
import { type Ledger, rounded } from "./ledger.js";
import { recordOnNewConnection } from "./request.js";
import { type WhoAmI, whoamiRequest } from "./whoami.js";

/** A generation that has not answered by then is a failed restart; the service's own deadlines are shorter. */
const RESTART_DEADLINE_MS = 45_000;
const ASK_EVERY_MS = 5;
const PAUSE_MS = { min: 0, max: 1_500 };
const FAILED_IN_A_ROW_MAX = 3;

export interface Restart {
  fromGeneration: number;
  toGeneration?: number;
  /** From the SIGHUP to the first answer of the new generation. */
  firstAnswerMs?: number;
  problem?: string;
}

export interface RestarterOptions {
  target: Target;
  restarts: number;
  ledger: Ledger;
  service: {
    /** No process of it is left. */
    readonly hasEnded: boolean;
    /** Handoffs that have failed so far, by the service's own account, each with its reason. */
    failures(): readonly string[];
  };
  interrupted: AbortSignal;
  onRestart: (restart: Restart) => void;
}

/** Restarts the service so many times, as an operator would: by signal, and with its own eyes on what answers. */
export async function restartRepeatedly(options: RestarterOptions): Promise<Restart[]> {
  const { restarts, service, interrupted } = options;
  const done: Restart[] = [];
  let failedInARow = 0;
  let current = await ask(options);
  while (done.length < restarts && failedInARow < FAILED_IN_A_ROW_MAX && !service.hasEnded) {
    const pauseMs = PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min);
    await pause(pauseMs, undefined, { signal: interrupted }).catch(() => {});
    if (interrupted.aborted) break;

    const { restart, next } = await restartOnce(current, options);
    if (interrupted.aborted && !next) break; // neither done nor failed
    done.push(restart);
    options.onRestart(restart);
    failedInARow = restart.problem === undefined ? 0 : failedInARow + 1;
    current = next ?? (await ask(options));
  }
  return done;
}

async function restartOnce(
  current: WhoAmI | undefined,
  options: RestarterOptions,
): Promise<{ restart: Restart; next?: WhoAmI }> {
  const { service, interrupted } = options;
  const failed = (problem: string) => ({ restart: { fromGeneration: current?.generation ?? 0, problem } });
  if (!current) return failed("no generation answers");

  const failuresBefore = service.failures().length;
  const startedAtMs = nowMs();
  options.ledger.markRestart(startedAtMs);
  try {
    process.kill(current.pid, "SIGHUP");
  } catch (error) {
    return failed(`SIGHUP to pid ${current.pid}: ${(error as Error).message}`);
  }
  while (!interrupted.aborted) {
    const next = await ask(options);
    const elapsedMs = nowMs() - startedAtMs;
    if (next && next.generation > current.generation) {
      const { generation: fromGeneration } = current;
      const { generation: toGeneration } = next;
      return { restart: { fromGeneration, toGeneration, firstAnswerMs: rounded(elapsedMs) }, next };
    }
    const failure = service.failures()[failuresBefore];
    if (failure !== undefined) return failed(failure);
    if (service.hasEnded) return failed("the service is gone");
    if (elapsedMs > RESTART_DEADLINE_MS)
      return failed(`no new generation in ${RESTART_DEADLINE_MS / 1000} s`);
    await pause(ASK_EVERY_MS);
  }
  return failed("interrupted");
}

/** Who answers now, on a connection of its own; a failure is counted like every client's. */
async function ask({ target, ledger }: RestarterOptions): Promise<WhoAmI | undefined> {
  const answers: WhoAmI[] = [];
  const request = whoamiRequest(target, "close", (answer) => answers.push(answer));
  ledger.add("restarter", await recordOnNewConnection(target, request));
  return answers[0];
}
