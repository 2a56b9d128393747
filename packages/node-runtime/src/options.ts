import { resolve } from "node:path";
import { type Deadline, type Deadlines, defaultDeadlinesMs, HandoffError, limits } from "@heirloom/protocol";
import { type ControlOptions, faultOfControl } from "./control/options.js";
import { logToStderr } from "./log.js";
import type { Launch } from "./process/launch.js";
import { faultOfRehearsal, type Rehearsal } from "./rehearsal.js";
import { faultOfNames } from "./unknown-option.js";

/** How a generation behaves. Every field has a default; deadlines are milliseconds, 1 to 2,147,483,647. */
export interface GenerationOptions {
  /** How long a child may take from its start to ready. Default: 30,000. */
  readonly readyDeadlineMs?: number;
  /** How long `onRetire` hooks may take. Clients wait meanwhile. Default: 5,000. */
  readonly parkDeadlineMs?: number;
  /** How long the other side may take around the commit. Default: 5,000. */
  readonly commitDeadlineMs?: number;
  /** How long a generation that leaves may finish what it accepted. Default: 30,000. */
  readonly drainDeadlineMs?: number;
  /** How long a child that was told to leave may take, and `onExit` hooks. Default: 5,000. */
  readonly exitDeadlineMs?: number;
  /** How long a draining parent may take to give up its right to a rollback. Default: 5,000. */
  readonly relinquishDeadlineMs?: number;
  /**
   * How long a generation that has handed over stays at least, to take the service back should its child die: the first
   * requests are a release's most dangerous ones. 0 to 2,147,483,647. Default: 3,000.
   */
  readonly probationMs?: number;
  /**
   * What becomes of plain HTTP/1.1 connections when a generation leaves: `move` to its successor, unnoticed by the client,
   * or `close` with their next response. Default: "move".
   */
  readonly connections?: "move" | "close";
  /**
   * Whether connections move a few at first, and then more and more, so that a child that has just started warms up.
   * Default: true.
   */
  readonly slowStart?: boolean;
  /** How a generation that leaves finishes what cannot move. */
  readonly drain?: DrainOptions;
  /** Whether SIGHUP hands over, and SIGTERM and SIGINT end the service. Default: true. */
  readonly signals?: boolean;
  /** Takes lines for people: one per handoff, and what goes wrong. Default: writes them to standard error; false: none. */
  readonly log?: ((line: string) => void) | false;
  /** How children are started, where it is not as this process was. */
  readonly spawn?: Partial<Launch>;
  /**
   * What a child does with its own code before it says ready, so that its first clients do not wait for code that has never run:
   * a function, or requests through its own servers. Nothing is requested that does not stand here. A failure ends the handoff.
   * Default: nothing.
   */
  readonly rehearse?: Rehearsal;
  /**
   * Folder in which generations leave their compiled code for those that follow (`NODE_COMPILE_CACHE`); Node.js 20 ignores it.
   * Children alone are told, by their environment. Default: false, which leaves the environment as it is.
   */
  readonly compileCache?: string | false;
  /** The socket on which `heirloom status` and `heirloom restart` ask this service; false: none, unless a keeper needs it. */
  readonly control?: ControlOptions | false;
  /**
   * A file that holds the owner's process ID, to the end of the service; replaced whole by a new owner, before it tells an init
   * system that it is ready. A path in a folder that this user may write. Default: none.
   */
  readonly pidFile?: string;
}

/** Budgets of what a generation that leaves may take. */
export interface DrainOptions {
  /**
   * How long an idle HTTP/1.1 connection that does not move, such as one over TLS, is left to its client, which is told with
   * the next answer to come back on another one. Idle to the last, it is closed gently, at a moment of its own between half of
   * this time and all of it. Default: nine tenths of `drainDeadlineMs`.
   */
  readonly idleMs?: number;
  /**
   * How many generations may drain at once, 1 to 4,294,967,295. The oldest of more than that ends what is still open, as at
   * `drainDeadlineMs`, and leaves: restarts that come quicker than connections end would fill the machine's memory. Counted are
   * the generations between it and the newest owner, those included that have left. Default: 8.
   */
  readonly generationsMax?: number;
}

export interface Settings {
  readonly deadlinesMs: Deadlines;
  readonly probationMs: number;
  readonly connections: "move" | "close";
  readonly slowStart: boolean;
  readonly drain: Required<DrainOptions>;
  readonly signals: boolean;
  readonly log: (line: string) => void;
  readonly spawn: Partial<Launch>;
  readonly rehearse: Rehearsal | undefined;
  readonly compileCache: string | false;
  readonly control: ControlOptions | false;
  /** Absolute. */
  readonly pidFile: string | undefined;
}

const deadlines = Object.keys(defaultDeadlinesMs) as Deadline[];
const optionNames = [
  ...deadlines.map((name) => `${name}DeadlineMs`),
  "probationMs",
  "connections",
  "slowStart",
  "drain",
  "signals",
  "log",
  "spawn",
  "rehearse",
  "compileCache",
  "control",
  "pidFile",
];
const drainNames = ["idleMs", "generationsMax"];
const spawnNames = ["execPath", "execArgv", "argv", "cwd", "env"];
const millisecondsMax = 2 ** 31 - 1;

/** @throws HandoffError OPTION_INVALID */
export function settle(options: GenerationOptions): Settings {
  const ownFault = faultOfNames("", options, optionNames);
  if (ownFault !== undefined) throw invalid(ownFault);
  const { probationMs = 3_000, connections = "move", slowStart = true } = options;
  const { signals = true, log = logToStderr, spawn = {}, control = {} } = options;
  const { drain = {} } = options;
  const partsFault = faultOfNames("drain.", drain, drainNames) ?? faultOfNames("spawn.", spawn, spawnNames);
  if (partsFault !== undefined) throw invalid(partsFault);
  if (!Number.isInteger(probationMs) || probationMs < 0 || probationMs > millisecondsMax) {
    throw invalid(
      `probationMs must be a whole number of milliseconds from 0 to ${millisecondsMax}, not ${probationMs}`,
    );
  }
  if (connections !== "move" && connections !== "close")
    throw invalid(`connections must be "move" or "close", not ${JSON.stringify(connections)}`);
  if (typeof slowStart !== "boolean") throw invalid("slowStart must be true or false");
  if (typeof signals !== "boolean") throw invalid("signals must be true or false");
  if (log !== false && typeof log !== "function") throw invalid("log must be a function or false");
  const { rehearse, compileCache = false } = options;
  const rehearsalFault = faultOfRehearsal(rehearse);
  if (rehearsalFault !== undefined) throw invalid(rehearsalFault);
  if (compileCache !== false && (typeof compileCache !== "string" || compileCache === ""))
    throw invalid("compileCache must be the path of a folder, or false");
  const { pidFile } = options;
  if (pidFile !== undefined && (typeof pidFile !== "string" || pidFile === ""))
    throw invalid("pidFile must be a path");
  const controlFault = control === false ? undefined : faultOfControl(control);
  if (controlFault !== undefined) throw invalid(controlFault);
  const deadlinesMs = Object.fromEntries(deadlines.map((name) => [name, milliseconds(options, name)]));
  const { idleMs = Math.max(1, Math.floor((deadlinesMs.drain as number) * 0.9)) } = drain;
  if (!isMilliseconds(idleMs)) {
    throw invalid(`drain.idleMs must be a whole number of milliseconds from 1 to ${millisecondsMax}`);
  }
  const { generationsMax = 8 } = drain;
  if (!Number.isInteger(generationsMax) || generationsMax < 1 || generationsMax > limits.integerMax) {
    throw invalid(
      `drain.generationsMax must be a whole number from 1 to ${limits.integerMax}, not ${generationsMax}: each handoff leaves one generation that drains`,
    );
  }
  return {
    deadlinesMs: deadlinesMs as Deadlines,
    probationMs,
    connections,
    slowStart,
    drain: { idleMs, generationsMax },
    signals,
    log: log === false ? () => {} : log,
    spawn,
    rehearse,
    compileCache,
    control,
    pidFile: pidFile === undefined ? undefined : resolve(pidFile),
  };
}

function milliseconds(options: GenerationOptions, name: Deadline): number {
  const ms: unknown = options[`${name}DeadlineMs`] ?? defaultDeadlinesMs[name];
  if (isMilliseconds(ms)) return ms;
  throw invalid(
    `${name}DeadlineMs must be a whole number of milliseconds from 1 to ${millisecondsMax}, not ${String(ms)}`,
  );
}

function isMilliseconds(ms: unknown): ms is number {
  return typeof ms === "number" && Number.isInteger(ms) && ms >= 1 && ms <= millisecondsMax;
}

function invalid(message: string): HandoffError {
  return new HandoffError("OPTION_INVALID", { message });
}
