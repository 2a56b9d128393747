import type { Target } from "../connection.js";
import type { RequestRecord } from "../request.js";

export const KIND_NAMES = [
  "newConnections",
  "slowResponses",
  "slowUploads",
  "keptAlive",
  "idle",
  "webSockets",
] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** What became of the connections of one client that keeps its connection. */
export interface ConnectionCounts {
  opened: number;
  /** Ended by the server with `Connection: close` on a complete answer, or a WebSocket's close code 1001 or 1012: orderly. */
  closeAnnounced: number;
  /** Ended by the server between two requests, unannounced: no request is lost, but it was luck. */
  closedWhileIdle: number;
}

/** What became of the messages of one client; WebSockets only. */
export interface MessageCounts {
  sent: number;
  /** Never echoed. */
  lost: number;
  /** Echoed more than once. */
  doubled: number;
}

/** One client: makes one request after the other, and never a second try for the same one. */
export interface Client {
  /** Never rejects: a failure is part of the record. */
  request(): Promise<RequestRecord>;
  readonly connections?: ConnectionCounts;
  /** Whether its first connection is open still. */
  readonly survives?: boolean;
  readonly messages?: MessageCounts;
}

/** A way to use the service. */
export interface Kind {
  name: KindName;
  /** Clients at work at the same time. */
  clients: number;
  /** Pause between two requests of a client, drawn evenly from this range; without one it asks at the start, and at the end. */
  thinkMs?: { min: number; max: number };
  newClient(target: Target): Client;
}
