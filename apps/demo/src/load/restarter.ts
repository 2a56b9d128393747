import { setTimeout as pause } from "node:timers/promises";
import { nowMs } from "./clock.js";
import type { Target } from "./connection.js";
import type { Ledger } from "./ledger.js";
import { recordOnNewConnection } from "./request.js";
import { type WhoAmI, whoamiRequest } from "./whoami.js";

/** A generation that has not answered by then is a failed restart; the service's own deadlines are shorter. */
const RESTART_DEADLINE_MS = 45_000;
const ASK_EVERY_MS = 5;
const PAUSE_MS = { min: 200, max: 1_500 };
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
  /** Why the restart of this generation can't succeed any more, if the service has said so. */
  failed: (generation: number) => string | undefined;
  interrupted: AbortSignal;
  onRestart: (restart: Restart, number: number) => void;
}

/** Restarts the service so many times, as an operator would: by signal, and with its own eyes on what answers. */
export async function restartRepeatedly(options: RestarterOptions): Promise<Restart[]> {
  const { target, ledger, interrupted } = options;
  const done: Restart[] = [];
  const ask = async (): Promise<WhoAmI | undefined> => {
    let answer: WhoAmI | undefined;
    ledger.add(
      "restarter",
      await recordOnNewConnection(
        target,
        whoamiRequest(target, "close", (seen) => {
          answer = seen;
        }),
      ),
    );
    return answer;
  };

  let current = await ask();
  for (let number = 1; number <= options.restarts && !interrupted.aborted; number += 1) {
    const { restart, next } = await restartOnce(current, ask, options);
    if (interrupted.aborted && !restart.problem && restart.toGeneration === undefined) break;
    done.push(restart);
    options.onRestart(restart, number);
    current = next ?? (await ask()) ?? current;
    if (
      done.length >= FAILED_IN_A_ROW_MAX &&
      done.slice(-FAILED_IN_A_ROW_MAX).every(({ problem }) => problem)
    )
      break;
    const pauseMs = PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min);
    await pause(pauseMs, undefined, { signal: interrupted }).catch(() => {});
  }
  return done;
}

async function restartOnce(
  current: WhoAmI | undefined,
  ask: () => Promise<WhoAmI | undefined>,
  { ledger, failed, interrupted }: RestarterOptions,
): Promise<{ restart: Restart; next?: WhoAmI }> {
  if (!current) return { restart: { fromGeneration: 0, problem: "no generation answers" } };
  const restart: Restart = { fromGeneration: current.generation };
  const startedAtMs = nowMs();
  try {
    process.kill(current.pid, "SIGHUP");
  } catch (error) {
    return { restart: { ...restart, problem: `SIGHUP to pid ${current.pid}: ${(error as Error).message}` } };
  }
  ledger.markRestart(startedAtMs);
  while (!interrupted.aborted) {
    const next = await ask();
    const elapsedMs = nowMs() - startedAtMs;
    if (next && next.generation > current.generation) {
      return { restart: { ...restart, toGeneration: next.generation, firstAnswerMs: elapsedMs }, next };
    }
    const problem = failed(current.generation);
    if (problem) return { restart: { ...restart, problem } };
    if (elapsedMs > RESTART_DEADLINE_MS) {
      return { restart: { ...restart, problem: `no new generation within ${RESTART_DEADLINE_MS / 1000} s` } };
    }
    await pause(ASK_EVERY_MS);
  }
  return { restart };
}
