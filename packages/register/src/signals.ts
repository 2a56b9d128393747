import { constants } from "node:os";
import type { Generation } from "@heirloom/node-runtime";
import type { RegisterSettings } from "./settings.js";

type Handler = (signal: NodeJS.Signals, number: number) => unknown;

/** Keeps a signal from ending the process. What it means is decided before handlers are called. */
function receive(): void {}

export interface SignalOptions {
  readonly generation: Generation;
  readonly restartSignal: RegisterSettings["restartSignal"];
  /** Whether this process serves, or is about to. */
  readonly serves: () => boolean;
  readonly log: (line: string) => void;
}

/**
 * Takes the signals that a generation knows, in front of the program; from when the returned function is called.
 *
 * The restart signal is Heirloom's alone. SIGTERM and SIGINT belong to the program, if it has handlers for them: it knows
 * what to close, and when. Only during a handoff the generation must end first, so that the other one neither takes over
 * nor comes back; the handlers then run at its end.
 */
export function takeSignals({ generation, restartSignal, serves, log }: SignalOptions): () => void {
  const emit = process.emit as (this: NodeJS.Process, ...args: unknown[]) => boolean;
  let active = false;
  let told = false;
  const restart = () => {
    if (programHandlers("SIGHUP").length > 0 && restartSignal === "SIGHUP" && !told) {
      told = true;
      log(
        "SIGHUP restarts this program; its own handlers of SIGHUP are not called. HEIRLOOM_SIGNAL=SIGUSR2 leaves it to them",
      );
    }
    // The outcome is logged; a signal has nobody to tell it to.
    generation.handoff().catch(() => {});
  };
  /** Whether there is nothing left for the program to do about it. */
  const take = (signal: NodeJS.Signals): boolean => {
    const handled = programHandlers(signal).length > 0;
    if (!serves()) return !handled && endAsByDefault(signal);
    if (signal === restartSignal) restart();
    else if (handled && generation.isAlone) return false;
    else generation.stop();
    return true;
  };
  const taken = new Set<unknown>(["SIGTERM", "SIGINT", restartSignal]);
  const taking = (event: unknown, ...args: unknown[]): boolean =>
    active && event !== undefined && taken.has(event) && take(event as NodeJS.Signals)
      ? true
      : emit.call(process, event, ...args);
  // Now, since Node keeps the function that it finds when a first handler is added.
  process.emit = taking as typeof process.emit;
  return () => {
    active = true;
    hideFromListeners();
    for (const signal of ["SIGTERM", "SIGINT", restartSignal] as const) {
      if (signal !== undefined) process.on(signal, receive);
    }
  };
}

/** What the signal does to a process that does not handle it. */
function endAsByDefault(signal: NodeJS.Signals): true {
  process.removeListener(signal, receive);
  process.kill(process.pid, signal);
  return true;
}

/** What the program does itself when it is told to end. Handlers that were added with `once` are used up. */
export function runProgramHandlers(signals: readonly NodeJS.Signals[]): Promise<unknown> | undefined {
  const signal = signals.find((each) => programHandlers(each).length > 0);
  if (signal === undefined) return undefined;
  const results = programHandlers(signal).map((handler) =>
    handler.call(process, signal, constants.signals[signal]),
  );
  // Only handlers that return promises say when they are done. The others end the process, or let it end.
  const promises = results.filter((result) => typeof (result as PromiseLike<unknown>)?.then === "function");
  return promises.length === results.length ? Promise.all(promises) : new Promise(() => {});
}

function programHandlers(signal: NodeJS.Signals): Handler[] {
  return (process.rawListeners(signal) as Handler[]).filter((handler) => handler !== receive);
}

/** Libraries look whether they are the only ones that handle a signal, to end the process themselves if so. */
function hideFromListeners(): void {
  const listeners = process.listeners as (this: NodeJS.Process, event: string | symbol) => unknown[];
  process.listeners = ((event: string | symbol) =>
    listeners.call(process, event).filter((each) => each !== receive)) as typeof process.listeners;
}
