import { HandoffError } from "../error.js";
import type { Message, MessageType } from "../message.js";
import { Fault } from "./fault.js";
import { prefixBytes, seal } from "./frame.js";
import type { MapField } from "./map.js";
import { Reader } from "./reader.js";
import { messages } from "./schema.js";
import { describe, isMap } from "./value.js";
import { Writer } from "./writer.js";

/**
 * A whole frame. Two equal messages have equal bytes; fields that the schema does not know are left out.
 * @throws HandoffError MESSAGE_* where the message is not valid; FRAME_TOO_LARGE
 * @see spec/v1/messages.md
 */
export function encodeMessage(message: Message): Uint8Array {
  if (!isMap(message)) throw notMap(message);
  const schema = schemaOf(message.type);
  if (schema === undefined) throw typeUnknown(message.type);
  const writer = new Writer(prefixBytes);
  named(schema, () => schema.write(message, writer));
  return seal(writer.finish());
}

/**
 * The message in the payload of one frame, or undefined for one of an unknown type that its sender marked ignorable.
 * Keys that are not known are left out. Byte strings are views of `payload`.
 * @throws HandoffError ENCODING_*, MESSAGE_*; nothing else, whatever the bytes
 * @see spec/v1/framing.md, spec/v1/messages.md
 */
export function decodeMessage(payload: Uint8Array): Message | undefined {
  const reader = new Reader(payload);
  const schema = schemaOf(reader.peek("type", types));
  if (schema === undefined) return ignore(reader);
  const message = named(schema, () => schema.read(reader));
  reader.end();
  return message;
}

const types = Object.keys(messages);

function schemaOf(type: unknown): MapField<Message> | undefined {
  if (typeof type !== "string" || !Object.hasOwn(messages, type)) return undefined;
  return messages[type as MessageType] as unknown as MapField<Message>;
}

function named<T>(schema: MapField<Message>, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof Fault ? error.toError(schema.name) : error;
  }
}

/** A message of a type that is not known, or no message at all. */
function ignore(reader: Reader): undefined {
  const value = reader.value();
  reader.end();
  if (!isMap(value)) throw notMap(value);
  if (value.ignorable === true && typeof value.type === "string") return;
  throw typeUnknown(value.type);
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
