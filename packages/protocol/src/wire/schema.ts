import type { Message, MessageType } from "../message.js";
import { abort, accept, addressMaps, bootstrapMaps, offer, refuse } from "./bootstrap.js";
import type { MapField } from "./map.js";
import * as v1 from "./v1.js";

/** Every message of version 1, by its type; a type more or less does not compile. */
export const messages: {
  readonly [Type in MessageType]: MapField<Extract<Message, { readonly type: Type }>>;
} = {
  offer,
  accept,
  refuse,
  abort,
  progress: v1.progress,
  "state-wanted": v1.stateWanted,
  ready: v1.ready,
  state: v1.state,
  "state-adopted": v1.stateAdopted,
  commit: v1.commit,
  committed: v1.committed,
  relinquish: v1.relinquish,
  relinquished: v1.relinquished,
  request: v1.request,
  superseded: v1.superseded,
  stop: v1.stop,
  "connections-awaited": v1.connectionsAwaited,
  connections: v1.connections,
  "connections-adopted": v1.connectionsAdopted,
  "connections-late": v1.connectionsLate,
  "connections-released": v1.connectionsReleased,
  farewell: v1.farewell,
};

/** Every map that stands inside a message. */
export const innerMaps = [
  ...bootstrapMaps,
  ...Object.values(addressMaps),
  v1.dispositionMap,
  v1.connectionMap,
];
