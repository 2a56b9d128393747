import { limits } from "../limits.js";
import type { ListenerDisposition } from "../listener.js";
import type {
  Commit,
  Committed,
  Connections,
  ConnectionsAdopted,
  ConnectionsAwaited,
  ConnectionsLate,
  ConnectionsReleased,
  Farewell,
  Message,
  MovedConnection,
  Progress,
  Ready,
  Relinquish,
  Relinquished,
  Request,
  State,
  StateAdopted,
  StateWanted,
  Stop,
  Superseded,
} from "../message.js";
import { name } from "./bootstrap.js";
import { always, array, boolean, bytes, integer, oneOf, optional } from "./field.js";
import { distinct, type FieldsOf, map, type Rule, taggedMap } from "./map.js";

/* The messages of version 1, beside the frozen ones. @see spec/v1/messages.md */

const batch = integer(1, limits.integerMax);
const count = integer(0, limits.integerMax);
const format = integer(1, limits.integerMax);

export const dispositionMap = map<ListenerDisposition>("disposition", {
  name,
  disposition: oneOf("inherited", "created", "dropped"),
});

export const connectionMap = map<MovedConnection>("connection", {
  listener: name,
  protocol: name,
  still: boolean,
  idleMs: optional(count),
  served: optional(count),
  state: optional(bytes(0, limits.stateChunkBytesMax)),
});

export const progress = message<Progress>("progress", { step: name, permille: optional(integer(0, 1_000)) });

export const ready = message<Ready>(
  "ready",
  // A listener whose address changed stands there twice.
  { listeners: array("disposition maps", dispositionMap, 0, 2 * limits.listenersMax) },
  [{ text: "a `name` stands once, or once as dropped and once as created", holds: onePerName }],
);

export const stateWanted = message<StateWanted>("state-wanted", { stream: name, version: format });

export const state = message<State>(
  "state",
  {
    stream: name,
    phase: oneOf("warm", "final"),
    version: optional(format),
    bytes: bytes(0, limits.stateChunkBytesMax),
    last: boolean,
  },
  [
    {
      text: "without a `version` there are no `bytes`, and this piece is the `last`",
      holds: ({ version, bytes, last }) => version !== undefined || (last && bytes.length === 0),
    },
  ],
);

export const stateAdopted = message<StateAdopted>("state-adopted", {});

export const commit = message<Commit>("commit", {});

export const committed = message<Committed>("committed", {});

export const relinquish = message<Relinquish>("relinquish", {});

export const relinquished = message<Relinquished>("relinquished", {});

export const request = message<Request>("request", {});

export const stop = message<Stop>("stop", {});

export const superseded = message<Superseded>("superseded", {
  ignorable: always,
  generation: integer(3, limits.integerMax),
});

export const connectionsAwaited = message<ConnectionsAwaited>(
  "connections-awaited",
  { protocols: array("protocols, each a string of 1 to 64 bytes", name, 0, limits.protocolsMax) },
  [distinct("the protocols", ({ protocols }) => protocols)],
);

export const connections = message<Connections>("connections", {
  batch,
  connections: array("connection maps", connectionMap, 1, limits.connectionsMax),
});

export const connectionsAdopted = message<ConnectionsAdopted>("connections-adopted", {
  batch,
  count: integer(0, limits.connectionsMax),
});

export const connectionsLate = message<ConnectionsLate>("connections-late", {
  batch,
  index: integer(0, limits.connectionsMax - 1),
  bytes: bytes(1, limits.stateChunkBytesMax),
});

export const connectionsReleased = message<ConnectionsReleased>("connections-released", { batch });

export const farewell = message<Farewell>("farewell", {
  finished: count,
  moved: count,
  closed: count,
  cut: count,
});

/** Quadratic, in at most 128. */
function onePerName({ listeners }: Ready): boolean {
  for (let i = 1; i < listeners.length; i++) {
    for (let k = 0; k < i; k++)
      if (!areApart(listeners[i] as ListenerDisposition, listeners[k] as ListenerDisposition)) return false;
  }
  return true;
}

/** Of three with one name, two have the same disposition, or one is inherited. */
function areApart(a: ListenerDisposition, b: ListenerDisposition): boolean {
  if (a.name !== b.name) return true;
  return a.disposition !== b.disposition && a.disposition !== "inherited" && b.disposition !== "inherited";
}

function message<T extends Message>(
  type: T["type"],
  fields: FieldsOf<T, "type">,
  rules: readonly Rule<T>[] = [],
) {
  return taggedMap<T, "type">("type", type, fields, rules);
}
