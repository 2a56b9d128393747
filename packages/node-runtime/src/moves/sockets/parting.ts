/** What a parent says of a socket at the very last moment, when nothing can happen to it any more in this process. */
export interface Parting {
  /**
   * `goesOn`: the application in the child goes on with it. `ends`: it is over once `unsent` is written. `gone`: it is over.
   */
  readonly fate: "goesOn" | "ends" | "gone";
  /** What the application says. */
  readonly state: Uint8Array;
  /** What the client is to be sent before anything else. */
  readonly unsent: Uint8Array;
  /** What the client has sent, and nobody has looked at. */
  readonly unread: Uint8Array;
}

const fates = ["goesOn", "ends", "gone"] as const;
/** The format's number, the fate, and the lengths of `state` and `unsent`: u8, u8, u32, u32, big-endian. */
const headBytes = 10;
const format = 1;

export function encodeParting({ fate, state, unsent, unread }: Parting): Uint8Array {
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(format, 0);
  head.writeUInt8(fates.indexOf(fate), 1);
  head.writeUInt32BE(state.length, 2);
  head.writeUInt32BE(unsent.length, 6);
  return Buffer.concat([head, state, unsent, unread]);
}

/** Undefined: it is none, or one of a later format. */
export function decodeParting(pieces: readonly Uint8Array[]): Parting | undefined {
  const bytes = Buffer.concat(pieces);
  if (bytes.length < headBytes || bytes.readUInt8(0) !== format) return undefined;
  const fate = fates[bytes.readUInt8(1)];
  const unsentAt = headBytes + bytes.readUInt32BE(2);
  const unreadAt = unsentAt + bytes.readUInt32BE(6);
  if (fate === undefined || unreadAt > bytes.length) return undefined;
  return {
    fate,
    state: bytes.subarray(headBytes, unsentAt),
    unsent: bytes.subarray(unsentAt, unreadAt),
    unread: bytes.subarray(unreadAt),
  };
}
