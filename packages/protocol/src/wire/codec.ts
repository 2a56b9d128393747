import type { Message } from "../message.js";
import { encodeFrame } from "./frame.js";
import { decodeValue, encodeValue } from "./msgpack.js";
import { readMessage } from "./schema.js";

/**
 * A whole frame. Two equal messages have equal bytes.
 * @throws HandoffError MESSAGE_* where the message is not valid; FRAME_TOO_LARGE
 * @see spec/v1/messages.md
 */
export function encodeMessage(message: Message): Uint8Array {
  return encodeFrame(encodeValue(readMessage(message) as Message));
}

/**
 * The message in the payload of one frame, or undefined for one of an unknown type that its sender marked ignorable.
 * Keys that are not known are left out. Byte strings are views of `payload`.
 * @throws HandoffError ENCODING_*, MESSAGE_*; nothing else, whatever the bytes
 * @see spec/v1/framing.md, spec/v1/messages.md
 */
export function decodeMessage(payload: Uint8Array): Message | undefined {
  return readMessage(decodeValue(payload));
}
