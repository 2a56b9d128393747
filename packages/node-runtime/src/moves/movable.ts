import type { Socket } from "node:net";
import type { MovedConnection } from "@heirloom/protocol";

/** A connection that has been paused at a message boundary, and can move. */
export interface PausedConnection {
  /** The connection's own descriptor is passed on. */
  readonly socket: Socket;
  /** What the child is told of it. */
  readonly moved: MovedConnection;
  /** What was read of it since it was paused. Called once, right before `part`. */
  late(): readonly Uint8Array[];
  /** The connection is the child's: close this side's copy without a word to the client. */
  part(): void;
  /** It does not move: read from it again. */
  resume(): void;
}

/** A connection that has arrived, and belongs to this generation alone. */
export interface ArrivedConnection {
  readonly moved: MovedConnection;
  /** What comes before everything that is read from the socket. */
  readonly late: readonly Uint8Array[];
  /** To be called once, and listened to in the same turn: it begins to read. */
  open(): Socket;
}

/** How the connections of one protocol are parted with here, and taken up there. */
export interface Movable {
  /** What both generations call it, 1 to 64 bytes. */
  readonly protocol: string;
  /** Called once the child takes this protocol: `settled` is to be called when connections may have come to a boundary. */
  begin(settled: () => void): void;
  /** Up to `max` connections that are at a boundary right now, of these listeners; each is paused before this returns. */
  pause(max: number, listeners: ReadonlySet<string>): PausedConnection[];
  /** Nothing moves any more. */
  end(): void;
  /** Goes on with a connection. */
  adopt(connection: ArrivedConnection): void;
}
