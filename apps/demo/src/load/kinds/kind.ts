import type { Target } from "../connection.js";
import type { RequestRecord } from "../request.js";

export const KIND_NAMES = ["newConnections", "slowResponses", "slowUploads", "keptAlive"] as const;
export type KindName = (typeof KIND_NAMES)[number];

/** What became of the connections of one client; kept-alive clients only. */
export interface ConnectionCounts {
  opened: number;
  /** Ended by the server with `Connection: close` on a complete answer: orderly. */
  closeAnnounced: number;
  /** Ended by the server between two requests, unannounced: no request is lost, but it was luck. */
  closedWhileIdle: number;
}

/** One client: makes one request after the other, and never a second try for the same one. */
export interface Client {
  /** Never rejects: a failure is part of the record. */
  request(): Promise<RequestRecord>;
  readonly connections?: ConnectionCounts;
}

/** A way to use the service. */
export interface Kind {
  name: KindName;
  /** Clients at work at the same time. */
  clients: number;
  /** Pause between two requests of a client, drawn evenly from this range. */
  thinkMs: { min: number; max: number };
  newClient(target: Target): Client;
}
