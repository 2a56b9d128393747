import { HandoffError } from "../error.js";
import type { Message, MessageType } from "../message.js";
import { Fault } from "./fault.js";
import { prefixBytes, seal } from "./frame.js";
import type { MapField } from "./map.js";
import { unpack } from "./msgpack.js";
import { messages } from "./schema.js";
import { describe, isMap } from "./value.js";
import { Writer } from "./writer.js";

const schemas = new Map<unknown, MapField<Message>>(
  Object.entries(messages as unknown as Record<MessageType, MapField<Message>>),
);

/**
 * A whole frame, as a view of a buffer that may hold others, too: copy it before you transfer it to another thread. Two equal
 * messages have equal bytes; fields that the schema does not know are left out.
 * @throws HandoffError MESSAGE_* where the message is not valid; FRAME_TOO_LARGE
 * @see spec/v1/messages.md
 */
export function encodeMessage(message: Message): Uint8Array {
  if (!isMap(message)) throw notMap(message);
  const schema = schemas.get(message.type);
  if (schema === undefined) throw typeUnknown(message.type);
  const writer = new Writer(prefixBytes);
  try {
    schema.write(message, writer);
  } catch (error) {
    throw toError(schema, error);
  }
  return seal(writer.finish());
}

/**
 * The message in the payload of one frame, or undefined for one of an unknown type that its sender marked ignorable.
 * Keys that are not known are left out. Byte strings are views of `payload`, everything else is the caller's own.
 * @throws HandoffError ENCODING_*, MESSAGE_*; nothing else, whatever the bytes
 * @see spec/v1/framing.md, spec/v1/messages.md
 */
export function decodeMessage(payload: Uint8Array): Message | undefined {
  const value = unpack(payload);
  if (!isMap(value)) throw notMap(value);
  const schema = schemas.get(value.type);
  if (schema !== undefined) return read(schema, value);
  if (value.ignorable === true && typeof value.type === "string") return;
  throw typeUnknown(value.type);
}

function read(schema: MapField<Message>, value: unknown): Message {
  try {
    return schema.read(value);
  } catch (error) {
    throw toError(schema, error);
  }
}

function toError(schema: MapField<Message>, error: unknown): unknown {
  return error instanceof Fault ? error.toError(schema.name) : error;
}

function notMap(value: unknown): HandoffError {
  return new HandoffError("MESSAGE_INVALID", {
    message: `a message must be a map, and is ${describe(value)}`,
  });
}

function typeUnknown(type: unknown): HandoffError {
  if (typeof type !== "string") {
    const message = `a message must have a \`type\` that is a string, and this one is ${describe(type)}`;
    return new HandoffError("MESSAGE_INVALID", { message });
  }
  const message = `the type ${describe(type)} is not one that this version knows, and is not marked ignorable`;
  return new HandoffError("MESSAGE_TYPE_UNKNOWN", { message });
}
