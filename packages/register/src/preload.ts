import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { joinGenerationSync } from "@heirloom/node-runtime";
import { Interception } from "./listen/interception.js";
import { Readiness } from "./readiness/readiness.js";
import { registration, setRegistration } from "./registration.js";
import { exitDeadlineMsDefault, readSettings } from "./settings.js";
import { runProgramHandlers, takeSignals } from "./signals.js";

/** Set once a program listens: what it starts with the same options is a helper, and no service of its own. */
const servedByVariable = "HEIRLOOM_SERVED_BY";
/** Set from the start: what a program forks is a helper, be it that it listens first. What else it starts may be a service. */
const forkedByVariable = "HEIRLOOM_FORKED_BY";
/** What `heirloom run --register` has put into NODE_OPTIONS: for this process, and not for those that it starts in other folders. */
const preloadVariable = "HEIRLOOM_PRELOAD";
const offerVariable = "HEIRLOOM_OFFER";

/**
 * Makes this process a generation of its service, and its program's `listen()` join it.
 * @throws HandoffError OPTION_INVALID, OFFER_INVALID, PLATFORM_UNSUPPORTED
 */
export function preload(): void {
  takeOption(process.env);
  const isLeftOut = registration() !== undefined || isHelper(process.env);
  process.env[forkedByVariable] = String(process.pid);
  if (isLeftOut) return;
  const settings = readSettings(process.env);
  const generation = joinGenerationSync(settings.generation);
  const { exitDeadlineMs = exitDeadlineMsDefault, readyDeadlineMs = 30_000, log } = settings.generation;
  const say = log === false ? () => {} : sayOnStderr;
  const beginTaking = takeSignals({
    generation,
    restartSignal: settings.restartSignal,
    // A program that never listens is no service: it is left as it is. A child is one whatever it does.
    serves: () => generation.number > 1 || generation.isOwner || interception.isInUse,
    log: say,
  });
  const serving = once(() => {
    process.env[servedByVariable] = String(process.pid);
    beginTaking();
  });
  const interception: Interception = new Interception(generation, {
    // Before the program hears that it listens, and tells those who then send signals.
    asked: serving,
    listened: () => readiness.look(),
  });
  if (generation.number > 1) serving();
  const readiness = new Readiness({
    generation,
    rule: settings.ready,
    listeners: () => interception.listeners,
    log: say,
    patienceMs: readyDeadlineMs / 2,
  });
  setRegistration({ generation, ready: () => readiness.say() });
  generation.onExit(() => {
    const ending = runProgramHandlers(settings.endSignals);
    return ending && Promise.race([ending, wait(exitDeadlineMs * 0.9)]);
  });
}

/** As the runtime does: not through the stream, whose errors end the process. */
function sayOnStderr(line: string): void {
  try {
    writeSync(2, `heirloom: ${line}\n`);
  } catch {
    // Nobody reads it.
  }
}

/** Workers of any kind run this module with their parent's options, and are served by that parent. */
function isHelper(env: NodeJS.ProcessEnv): boolean {
  const isForked = process.channel !== undefined && env[forkedByVariable] === String(process.ppid);
  if (!isMainThread || isForked) return true;
  return env[servedByVariable] !== undefined && env[offerVariable] === undefined;
}

/** A next generation is started with the environment as this process was given it. */
function takeOption(env: NodeJS.ProcessEnv): void {
  const { [preloadVariable]: option, NODE_OPTIONS: options } = env;
  delete env[preloadVariable];
  if (option !== undefined && options?.endsWith(option))
    env.NODE_OPTIONS = options.slice(0, -option.length).trimEnd();
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
