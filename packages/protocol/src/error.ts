/**
 * Why a frame, a message or a handoff failed. Match on these, never on a message's text.
 * @see spec/v1/errors.md
 */
export type Code =
  /** A frame announces no payload. */
  | "FRAME_EMPTY"
  /** A frame announces, or a message needs, more than `limits.frameBytesMax`. */
  | "FRAME_TOO_LARGE"
  /** The stream ended inside a frame. */
  | "FRAME_TRUNCATED"
  /** The payload is not one complete MessagePack value: cut short, followed by more bytes, or containing 0xc1. */
  | "ENCODING_MALFORMED"
  /** A MessagePack type outside the profile: extension, float, nil or negative integer. */
  | "ENCODING_TYPE"
  /** An integer above `limits.integerMax`. */
  | "ENCODING_INTEGER"
  /** A map key that is not a string. */
  | "ENCODING_KEY"
  /** A key that stands twice in one map. */
  | "ENCODING_KEY_DUPLICATE"
  /** A string that is not well-formed UTF-8, or begins with a byte order mark. */
  | "ENCODING_UTF8"
  /** Deeper than `limits.depthMax`. */
  | "ENCODING_DEPTH"
  /** More values than `limits.valuesMax`. */
  | "ENCODING_COUNT"
  /** The payload is not a map with a `type`. */
  | "MESSAGE_INVALID"
  /** A type that this version does not know, and that its sender did not mark ignorable. */
  | "MESSAGE_TYPE_UNKNOWN"
  /** A field that the type requires is missing. */
  | "MESSAGE_FIELD_MISSING"
  /** A field has another type, is out of range, or contradicts another. */
  | "MESSAGE_FIELD_INVALID"
  /** A message that its receiver's state does not allow. */
  | "MESSAGE_UNEXPECTED"
  /** The two sides' version ranges do not meet. */
  | "VERSION_UNSUPPORTED"
  /** An event that the machine's table has no row for. */
  | "EVENT_UNEXPECTED"
  /** A listener's name stands twice. */
  | "LISTENER_NAME_DUPLICATE"
  /** A listener's name, address or option cannot be used. */
  | "LISTENER_INVALID"
  /** An inherited descriptor is missing, or is not the socket that the offer says. */
  | "LISTENER_MISMATCH"
  /** A new listener could not be bound. */
  | "LISTENER_BIND_FAILED"
  /** The offer in the environment, or the channel that it names, cannot be used. */
  | "OFFER_INVALID"
  /** The child could not be started. */
  | "SPAWN_FAILED"
  /** The child ended before it was owner. */
  | "CHILD_EXITED"
  /** The child became owner and ended while its parent could still take the service back. */
  | "CHILD_LOST"
  /** The child reported that it cannot take over. */
  | "CHILD_FAILED"
  /** The parent ended the handoff. */
  | "PARENT_ABORTED"
  /** The parent ended, or left the channel, and there is nothing to take over. */
  | "PARENT_LOST"
  /** A deadline of the protocol passed. */
  | "DEADLINE_EXPIRED"
  /** A hook of the application failed. */
  | "HOOK_FAILED"
  /** State was refused by its importer. */
  | "STATE_REFUSED"
  /** The service is ending. */
  | "STOPPING"
  /** This generation cannot hand over now. */
  | "NOT_OWNER"
  /** An option has a value that cannot be used. */
  | "OPTION_INVALID"
  /** This operating system or process model cannot pass listeners on. */
  | "PLATFORM_UNSUPPORTED";

/** Which side found the fault. */
export type Origin = "local" | "remote";

export interface HandoffErrorOptions {
  /** One sentence: who, what, in which state, and what to do. */
  readonly message: string;
  /** Default: "local". */
  readonly origin?: Origin;
  readonly cause?: unknown;
}

/**
 * The one error of this project.
 * @see spec/v1/errors.md
 */
export class HandoffError extends Error {
  override readonly name = "HandoffError";
  readonly code: Code;
  readonly origin: Origin;

  constructor(code: Code, { message, origin = "local", cause }: HandoffErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.origin = origin;
  }
}
