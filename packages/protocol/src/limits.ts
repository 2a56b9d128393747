/**
 * Every bound of the protocol, in one place. A sender stays within them; a receiver refuses what does not.
 * @see spec/v1/framing.md
 */
export const limits = {
  /** Bytes in the payload of one frame, the 4-byte length prefix not counted. */
  frameBytesMax: 1_048_576,
  /** Maps and arrays inside each other, the message's own map being depth 1. */
  depthMax: 8,
  /** Values in one frame: every key, scalar, array and map counts as one. */
  valuesMax: 16_384,
  /** Listeners in one offer. */
  listenersMax: 64,
  /** UTF-8 bytes of a listener's, stream's, step's or feature's name. */
  nameBytesMax: 64,
  /** Features in one offer or accept. */
  featuresMax: 32,
  /** UTF-8 bytes of an error's message. Senders shorten; receivers refuse. */
  messageBytesMax: 2_048,
  /** Bytes of a Unix-domain socket's path: `sun_path` of Linux without its final NUL. */
  pathBytesMax: 107,
  /** Streams of state in one handoff. */
  streamsMax: 64,
  /** Bytes of state in one `state` message. */
  stateChunkBytesMax: 65_536,
  /** Characters in the text of an offer. Linux takes 128 KiB in one environment variable, its name included. */
  offerCharactersMax: 98_304,
  /** Milliseconds of a deadline on the wire: timers of common platforms overflow above. */
  deadlineMsMax: 2_147_483_647,
  /** Connections in one `connections` message: what Linux takes in one message on a Unix-domain socket. */
  connectionsMax: 253,
  /** Bytes of what a parent has read from one connection before it released it, over all `connections-late` messages. */
  lateBytesMax: 1_048_576,
  /** Protocols in one `connections-awaited` message. */
  protocolsMax: 32,
  /** The largest integer on the wire. Larger numbers travel as strings of decimal digits. */
  integerMax: 4_294_967_295,
} as const;
