import type { Address, ChildState, Disposition, ListenerDisposition, ParentState } from "@heirloom/protocol";
import type { ConnectionClass, DrainCounts } from "../drain/tally.js";
import type { KeeperInfo } from "../keeper/attachment.js";
import type { HandoffReport } from "../report.js";
import type { StreamReport } from "../state/exporter.js";

/*
 * What is said on a control socket: one request, and one or more answers, each a JSON object in a line of its own.
 * docs/control.md says it in words, for tools in any language. Keys may be added; tools ignore those they do not know.
 */

/** The version of what follows. A request for a higher one is refused. */
export const controlVersion = 1;

export type ControlRequest = { readonly version?: number } & (
  | { readonly command: "status" }
  /** As `status`, and again after each change. */
  | { readonly command: "watch" }
  | RestartRequest
  | { readonly command: "stop" }
);

export interface RestartRequest {
  readonly command: "restart";
  /**
   * The generation that the caller wants, at least: a restart under way that leads to it serves the request.
   * Default: a release that is started after the request.
   */
  readonly atLeast?: number;
  /**
   * When the caller wanted it, in milliseconds on the machine's clock that nobody sets (CLOCK_MONOTONIC): a release that was
   * started later serves the request, be it owner already. Default: now.
   */
  readonly askedAt?: number;
  /** Whether a restart that is under way is waited for, and followed by another. Default: true. */
  readonly queue?: boolean;
}

export type ControlAnswer =
  | StatusAnswer
  | QueuedAnswer
  | StepAnswer
  | ProgressAnswer
  | DrainingAnswer
  | PassedOnAnswer
  | OutcomeAnswer
  | ErrorAnswer;

/** One process of a service. */
export interface ProcessId {
  readonly generation: number;
  readonly pid: number;
}

export interface StatusAnswer extends ProcessId {
  readonly type: "status";
  readonly version: number;
  readonly service: string;
  /** Whether this generation accepts and does exclusive work. */
  readonly isOwner: boolean;
  /** What it is doing, in a word for people. */
  readonly activity: "serving" | "handing over" | "draining" | "stopping";
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Where its two machines stand. */
  readonly states: { readonly child: ChildState; readonly parent: ParentState };
  readonly release: ReleaseInfo;
  readonly listeners: readonly {
    readonly name: string;
    readonly address: Address;
    readonly disposition: Exclude<Disposition, "dropped">;
  }[];
  readonly connections: ConnectionCounts;
  /** Missing where the system does not tell, as to a process at its limit of open files. */
  readonly memory?: { readonly rssBytes: number; readonly heapUsedBytes: number };
  /** The process that keeps this generation's listeners, where there is one. */
  readonly keeper?: KeeperInfo;
  /** The handoff under way, or the one that this generation drains after. */
  readonly handoff?: HandoffProgress;
  /** The last handoff of this generation that failed. */
  readonly lastFailure?: HandoffOutcome;
}

export interface ReleaseInfo {
  /** What the application calls its release, if it does. */
  readonly name?: string;
  /** The working directory, with every link resolved. */
  readonly cwd: string;
  /** The script, with every link resolved. */
  readonly script: string;
  /** Node's version, such as v20.20.0. */
  readonly node: string;
}

/** All that are open, and how many of these are of which class; only classes of which there are any. */
export interface ConnectionCounts extends Readonly<Partial<Record<ConnectionClass, number>>> {
  readonly open: number;
}

export interface HandoffProgress {
  readonly child: { readonly generation: number; readonly pid?: number };
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly steps: readonly { readonly step: string; readonly atMs: number }[];
  /** What the child says that it is busy with, where it says so; until it is ready. */
  readonly progress?: ChildProgress;
}

export interface ChildProgress {
  readonly step: string;
  /** How much of the step is done, in thousandths. */
  readonly permille?: number;
}

/** The request waits, and is served by the restart that begins then. */
export interface QueuedAnswer {
  readonly type: "queued";
  /** For what: a restart that is under way, or the probation of the release that took over a moment ago. */
  readonly behind: "restart" | "probation";
}

/** A step of the restart: `started`, `spawned`, `accepted`, `ready`, `commit`, `committed`. */
export interface StepAnswer {
  readonly type: "step";
  readonly step: string;
  /** Milliseconds since the restart began. */
  readonly atMs: number;
  readonly parent: ProcessId;
  readonly child: { readonly generation: number; readonly pid?: number };
}

/** What the child says that it is busy with before it is ready. As often as it says so, and only where it does. */
export interface ProgressAnswer extends ChildProgress {
  readonly type: "progress";
  readonly child: HandoffProgress["child"];
}

/** The child is owner, and this many connections are still to be finished. */
export interface DrainingAnswer {
  readonly type: "draining";
  readonly connections: ConnectionCounts;
  /** How long this process stays all the same, to take the service back should the child die; missing where it is over. */
  readonly probationLeftMs?: number;
}

/** Last. Another process goes on with the request: ask it for a restart with this `atLeast`. */
export interface PassedOnAnswer {
  readonly type: "passedOn";
  readonly owner: ProcessId;
  readonly atLeast: number;
}

/** Last. What came of the restart. */
export type OutcomeAnswer = { readonly type: "outcome" } & (
  | HandoffOutcome
  /** A generation at least as young as the caller wants is owner already. */
  | ({ readonly outcome: "alreadyCommitted" } & ProcessId)
  /** The service was told to end, and this process has finished. */
  | { readonly outcome: "stopped"; readonly drain: DrainCounts }
);

export interface HandoffOutcome {
  readonly outcome: HandoffReport["outcome"];
  readonly generation: number;
  readonly child: { readonly generation: number; readonly pid?: number };
  readonly startedAt: number;
  readonly durationMs: number;
  readonly steps: HandoffProgress["steps"];
  readonly listeners: readonly ListenerDisposition[];
  /** What became of each stream of state, where any is carried. */
  readonly state?: readonly StreamReport[];
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
  /** What the child wrote last, where its standard error is a file. */
  readonly output?: readonly string[];
  /** Connections that the child gave back as it ended. */
  readonly returned?: number;
  readonly drain?: DrainCounts;
}

/** Last. Nothing was done. */
export interface ErrorAnswer {
  readonly type: "error";
  readonly code: ControlCode;
  readonly message: string;
  /** Of NOT_OWNER: who is to be asked instead. */
  readonly owner?: ProcessId;
}

export type ControlCode =
  /** Not a JSON object, or one with a field that makes no sense. */
  | "REQUEST_INVALID"
  /** Longer than `requestBytesMax`. */
  | "REQUEST_TOO_LONG"
  /** Not sent in time. */
  | "REQUEST_LATE"
  | "COMMAND_UNKNOWN"
  /** The tool speaks a later version. */
  | "VERSION_UNSUPPORTED"
  /** Too many tools are connected. */
  | "CONNECTIONS_EXCEEDED"
  /** A restart is under way, and the request does not want to wait. */
  | "BUSY"
  /** Another generation is owner. */
  | "NOT_OWNER"
  /** The service is ending. */
  | "STOPPING"
  /** The restart could not begin; the message says why. */
  | "REFUSED";

/** The longest request, in bytes, with its newline. */
export const requestBytesMax = 4_096;
