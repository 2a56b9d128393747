import type { DrainCounts } from "@heirloom/node-runtime";
import type { Kind } from "../plan/kind.js";
import type { Point, Role } from "../plan/moment.js";

/** What the conductor wants done in the victim's processes: one JSON object in a file that they read at each step. */
export interface Order {
  /** Carried out once by each process. */
  readonly id: number;
  readonly kind: Kind;
  /** Who is to stop, and where. */
  readonly role: Role;
  readonly point: Point;
  /** Of the parent. */
  readonly generation: number;
  readonly parentPid: number;
  /** Whether the process that stops is also the one that is struck. */
  readonly strikes: boolean;
}

/** A line that a process of the victim writes to its standard output. Times are those of the run's clock. */
export type Line =
  | { readonly type: "boot"; readonly at: number; readonly pid: number; readonly ppid: number }
  | {
      readonly type: "listening";
      readonly at: number;
      readonly pid: number;
      readonly generation: number;
      readonly port: number;
      readonly tlsPort: number;
    }
  | { readonly type: "owner"; readonly at: number; readonly pid: number; readonly generation: number }
  /** What only an owner does begins, or has stopped. */
  | {
      readonly type: "work";
      readonly at: number;
      readonly pid: number;
      readonly generation: number;
      readonly works: boolean;
    }
  /** The application was told that its process is about to end. */
  | { readonly type: "exit"; readonly at: number; readonly pid: number; readonly generation: number }
  | {
      readonly type: "step";
      readonly at: number;
      readonly pid: number;
      readonly generation: number;
      readonly role: string;
      readonly text: string;
      /** The state that an event led to. */
      readonly to?: string;
    }
  | {
      readonly type: "report";
      readonly at: number;
      readonly pid: number;
      readonly generation: number;
      readonly outcome: string;
      readonly code?: string;
      readonly message?: string;
      /** What became of the parent's connections, once it leaves. */
      readonly drain?: DrainCounts;
    }
  /** The process stops itself now. */
  | { readonly type: "struck"; readonly at: number; readonly pid: number; readonly id: number };

/** The step in which a parent gives a batch away. */
export const RELEASING = "  releaseConnections";
/** The step at which a batch is the child's alone: its parent has said so. */
export const RELEASED = `${RELEASING}, done`;

/** The step in which a generation becomes owner. */
export const STARTED_ACCEPTING = "  startAccepting";

/** The victim's environment: where its folder is. */
export const FOLDER_VARIABLE = "HEIRLOOM_CHAOS_FOLDER";
/** The file in it that names the owner. */
export const PID_FILE = "service.pid";
/** Which build of the runtime it uses; default: the workspace's. */
export const RUNTIME_VARIABLE = "HEIRLOOM_CHAOS_RUNTIME";
/** The version of the application, as its folder says. */
export const RELEASE_VARIABLE = "HEIRLOOM_CHAOS_RELEASE";
/** The version that has one listener more than the other. */
export const SPARE_RELEASE = "1";
/** Published by the victim around its listen() calls. */
export const APP_CHANNEL = "heirloom-chaos:app";

export interface AppStep {
  readonly generation: number;
  readonly step: string;
  /** What a subscriber wants awaited before the application goes on. */
  hold?: Promise<void>;
}
