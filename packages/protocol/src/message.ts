import type { Code } from "./error.js";
import type { Listener, ListenerDisposition } from "./listener.js";
import type { VersionRange } from "./version.js";

/*
 * The messages of a handoff. On the wire each is a map with string keys whose `type` is the type below.
 * Field names here are the keys on the wire. A receiver ignores keys that it does not know.
 */

/**
 * The parent's will: everything that the child needs to take over, even alone. Frozen for every version.
 * Sealed into the child's environment before it is spawned, so that it exists from the child's first instant.
 * @see spec/v1/messages.md#offer
 */
export interface Offer {
  readonly type: "offer";
  /** The versions that the parent speaks. */
  readonly protocol: VersionRange;
  /** The number of the child's generation, 2 or more. */
  readonly generation: number;
  /** The parent's process, whose death the child watches for. */
  readonly parent: { readonly pid: number };
  /** The descriptor number of the channel in the child. */
  readonly channel: number;
  /** The number of a second stream in the child, which carries the descriptors of connections. Only with the feature `connections`. */
  readonly descriptorChannel?: number;
  /** In registration order; 0 to 64, names unique. */
  readonly listeners: readonly Listener[];
  /** Milliseconds that the child waits, once ready, for the next step. */
  readonly deadlines: { readonly commitMs: number };
  /** Optional abilities that the parent has. */
  readonly features: readonly string[];
}

/** The child can speak with this parent, and boots. Frozen for every version. @see spec/v1/messages.md#accept */
export interface Accept {
  readonly type: "accept";
  /** The version that both speak from here on. */
  readonly version: number;
  /** Those of the offer's features that the child has, too. */
  readonly features: readonly string[];
  readonly pid: number;
}

/** The child cannot speak with this parent, and leaves. Frozen for every version. @see spec/v1/messages.md#refuse */
export interface Refuse {
  readonly type: "refuse";
  readonly code: Code | (string & {});
  readonly message: string;
  /** The versions that the child speaks. */
  readonly supported: VersionRange;
}

/** Either side, before commit: the handoff ends, and the parent serves on. Frozen for every version. @see spec/v1/messages.md#abort */
export interface Abort {
  readonly type: "abort";
  readonly code: Code | (string & {});
  readonly message: string;
}

/** What the child is busy with. @see spec/v1/messages.md#progress */
export interface Progress {
  readonly type: "progress";
  readonly step: string;
  /** How much of the step is done, in thousandths, 0 to 1,000. */
  readonly permille?: number;
}

/** The child holds every listener and could serve now. @see spec/v1/messages.md#ready */
export interface Ready {
  readonly type: "ready";
  /** Each offered and each created listener once. */
  readonly listeners: readonly ListenerDisposition[];
}

/** The child wants a stream of the application's state. @see spec/v1/messages.md#state-wanted */
export interface StateWanted {
  readonly type: "state-wanted";
  readonly stream: string;
  /** The format of the stream that the child's application writes itself, 1 or more. */
  readonly version: number;
}

/** A piece of a stream that the child wants. @see spec/v1/messages.md#state */
export interface State {
  readonly type: "state";
  readonly stream: string;
  /** `warm`: the parent still serves, and sends the stream once more; `final`: the parent is parked. */
  readonly phase: StatePhase;
  /** The format of the bytes, 1 or more. Absent: the parent has nothing to send of this stream in this phase. */
  readonly version?: number;
  readonly bytes: Uint8Array;
  /** Whether this is the last piece of the stream in this phase. */
  readonly last: boolean;
}

export type StatePhase = "warm" | "final";

/** The child has imported the final state of every stream that it wants. @see spec/v1/messages.md#state-adopted */
export interface StateAdopted {
  readonly type: "state-adopted";
}

/** The point of no return: the child is owner when it reads this. @see spec/v1/messages.md#commit */
export interface Commit {
  readonly type: "commit";
}

/** The child accepts. @see spec/v1/messages.md#committed */
export interface Committed {
  readonly type: "committed";
}

/** The child asks its draining parent to give up the right to a rollback. @see spec/v1/messages.md#relinquish */
export interface Relinquish {
  readonly type: "relinquish";
}

/** The parent will not come back, whatever happens to the child. @see spec/v1/messages.md#relinquished */
export interface Relinquished {
  readonly type: "relinquished";
}

/** Somebody asked the draining parent for a handoff; it is the child's to do. @see spec/v1/messages.md#request */
export interface Request {
  readonly type: "request";
}

/** The service ends: either side, after commit. @see spec/v1/messages.md#stop */
export interface Stop {
  readonly type: "stop";
}

/** The child has all that it takes to adopt connections. @see spec/v1/messages.md#connections-awaited */
export interface ConnectionsAwaited {
  readonly type: "connections-awaited";
  /** Which protocols it takes connections of, such as `http/1.1`; 0 to 32, distinct. A later message replaces an earlier one. */
  readonly protocols: readonly string[];
}

/** A generation after the child became owner; how many drain by now is for the parent to judge. @see spec/v1/messages.md#superseded */
export interface Superseded {
  readonly type: "superseded";
  /** A parent that does not know this message goes on as if it had not come. */
  readonly ignorable: true;
  /** The number of the newest generation that became owner, 3 or more. */
  readonly generation: number;
}

/** Connections whose descriptors travel beside this message. @see spec/v1/messages.md#connections */
export interface Connections {
  readonly type: "connections";
  /** Numbers batches from 1. */
  readonly batch: number;
  /** 1 to 253, in the order of the descriptors. */
  readonly connections: readonly MovedConnection[];
}

export interface MovedConnection {
  /** The name of the listener that it came in on. */
  readonly listener: string;
  /** What is spoken on it: one of those that the child awaits. */
  readonly protocol: string;
  /** The parent had stopped reading before it looked whether the connection can move: there are no late bytes, ever. */
  readonly still: boolean;
  /** Milliseconds for which nothing has happened on it. */
  readonly idleMs?: number;
  /** Requests answered on it so far, in this and all earlier generations. */
  readonly served?: number;
  /** What the application says about it. */
  readonly state?: Uint8Array;
}

/** The child holds the whole batch, still paused. @see spec/v1/messages.md#connections-adopted */
export interface ConnectionsAdopted {
  readonly type: "connections-adopted";
  readonly batch: number;
  /** How many descriptors arrived. Fewer than were sent: the child closed them all. */
  readonly count: number;
}

/** What the parent read from a connection before it stopped. @see spec/v1/messages.md#connections-late */
export interface ConnectionsLate {
  readonly type: "connections-late";
  readonly batch: number;
  /** Which connection of the batch, from 0. */
  readonly index: number;
  /** To be joined with those of earlier messages. */
  readonly bytes: Uint8Array;
}

/** The parent is done with its copies: the child reads from here on. @see spec/v1/messages.md#connections-released */
export interface ConnectionsReleased {
  readonly type: "connections-released";
  readonly batch: number;
}

/** The parent's last word. @see spec/v1/messages.md#farewell */
export interface Farewell {
  readonly type: "farewell";
  /** Connections that ended by themselves while draining. */
  readonly finished: number;
  /** Connections that moved to the child. */
  readonly moved: number;
  /** Connections that were closed while they were idle. */
  readonly closed: number;
  /** Connections that were cut at the drain deadline. */
  readonly cut: number;
}

export type ParentMessage =
  | Offer
  | Abort
  | State
  | Commit
  | Relinquished
  | Request
  | Stop
  | Connections
  | ConnectionsLate
  | ConnectionsReleased
  | Farewell;

export type ChildMessage =
  | Accept
  | Refuse
  | Abort
  | Progress
  | StateWanted
  | Ready
  | StateAdopted
  | Committed
  | Relinquish
  | Superseded
  | Stop
  | ConnectionsAwaited
  | ConnectionsAdopted;

export type Message = ParentMessage | ChildMessage;

export type MessageType = Message["type"];

/** The messages that every version must be able to read. @see spec/v1/versions.md */
export const bootstrapTypes = [
  "offer",
  "accept",
  "refuse",
  "abort",
] as const satisfies readonly MessageType[];
