import { HandoffError } from "../error.js";
import type { Message, MessageType } from "../message.js";
import { abort, accept, addressMaps, bootstrapMaps, offer, refuse } from "./bootstrap.js";
import { describe } from "./describe.js";
import { isMap, type MapField } from "./map.js";
import { Path } from "./path.js";
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
  ready: v1.ready,
  state: v1.state,
  "state-adopted": v1.stateAdopted,
  commit: v1.commit,
  committed: v1.committed,
  relinquish: v1.relinquish,
  relinquished: v1.relinquished,
  request: v1.request,
  stop: v1.stop,
  connections: v1.connections,
  "connections-adopted": v1.connectionsAdopted,
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

/**
 * The message that `value` is, with its known fields only, in the order of the schema; undefined where its type is not
 * known, and its sender marked it ignorable.
 * @throws HandoffError MESSAGE_INVALID, MESSAGE_TYPE_UNKNOWN, MESSAGE_FIELD_MISSING, MESSAGE_FIELD_INVALID
 * @see spec/v1/messages.md M-1
 */
export function readMessage(value: unknown): Message | undefined {
  if (!isMap(value)) throw invalid(`a message must be a map, and is ${describe(value)}`);
  const { type, ignorable } = value;
  if (type === undefined) throw invalid("a message must have a `type`, and this map has none");
  if (typeof type !== "string")
    throw invalid(`a message's \`type\` must be a string, and is ${describe(type)}`);
  if (Object.hasOwn(messages, type)) return messages[type as MessageType].read(value, new Path(type));
  if (ignorable === true) return undefined;
  const message = `the type ${describe(type)} is not one that this version knows, and is not marked ignorable`;
  throw new HandoffError("MESSAGE_TYPE_UNKNOWN", { message });
}

function invalid(message: string): HandoffError {
  return new HandoffError("MESSAGE_INVALID", { message });
}
