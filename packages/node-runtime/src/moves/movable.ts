import type { Socket } from "node:net";
import type { MovedConnection } from "@heirloom/protocol";
import type { ConnectionEnd } from "../drain/tally.js";
import type { Connection } from "../node-internals.js";

/** A connection that has been paused at a message boundary, and can move. */
export interface PausedConnection {
  /** The connection's own descriptor is passed on. */
  readonly socket: Connection;
  /** The name of the listener that it came in on. */
  readonly listener: string;
  /** What the child is told of it. */
  readonly moved: Omit<MovedConnection, "listener" | "protocol">;
  /**
   * What was read of it since it was paused, or whatever else the two generations have agreed on; at most 1 MiB, and nothing
   * where it is still. Called once, right before this side's copy is closed.
   */
  late?(): readonly Uint8Array[];
  /** What to count it as, after `late` was called. Default: `moved`. */
  became?(): ConnectionEnd;
  /** It has moved: this side's copy has just been closed, without a word to the client. */
  parted?(): void;
  /** It does not move: read from it again. */
  resume(): void;
}

/** A connection that has arrived, and belongs to this generation alone. */
export interface ArrivedConnection {
  /** For who makes something else of it than a socket. */
  readonly descriptor: number;
  /** Made when it is first asked for, and one of the connections of its listener from then on. */
  readonly socket: Socket;
  readonly moved: MovedConnection;
  /** What comes before everything that is read from the socket. */
  readonly late: readonly Uint8Array[];
}

/** The name of the listener that a connection came in on; undefined where this generation does not know the connection. */
export type ListenerOf = (socket: Socket) => string | undefined;

/**
 * How the connections of one protocol are parted with in one generation, and taken up in the next.
 * @see spec/v1/connections.md
 */
export interface Movable {
  /** What both generations call it, 1 to 64 bytes of UTF-8. */
  readonly protocol: string;
  /** The child takes this protocol. `settled` is to be called when a connection may have come to a boundary. */
  begin(settled: () => void, listenerOf: ListenerOf): void;
  /**
   * Up to `max` connections that are at a boundary right now, of these listeners. Each is paused before this returns: from
   * then on nothing is written to it, and what is read from it is late.
   */
  pause(max: number, listeners: ReadonlySet<string>): readonly PausedConnection[];
  /** Nothing moves any more: the draining is over, or the child is gone. */
  end(): void;
  /**
   * Whether the parent could go on with the connections of these listeners, should this process end now: from when on, and until
   * when (undefined). Missing where a protocol's connections die with their process.
   */
  mayReturn?(listeners: ReadonlySet<string> | undefined): void;
  /** This process ends in this very turn: everything that its parent can go on with. Not called twice. */
  abandon?(): readonly PausedConnection[];
  /** Goes on with a connection. Listen to its socket in the turn in which that is made. */
  adopt(arrived: ArrivedConnection): void;
}
