import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { MovedConnection } from "@heirloom/protocol";
import { now } from "../clock.js";
import { afterReading } from "../event-loop.js";
import { carryActivity } from "../moves/http-activity.js";
import {
  type Connection,
  countAsAccepted,
  countAsClosed,
  countUntilClosed,
  SilentConnection,
} from "../node-internals.js";

/** By how much longer than it says an HTTP/1.1 server keeps a connection alive, where its line has no option for that. */
const keepAliveBufferMs = 1_000;
/** By how much longer than it may a connection is silent at most: so many can be looked at together. */
const slackMs = 100;
/** A timer that is set to more fires at once. */
const timerMsMax = 2 ** 31 - 1;

type History = Pick<MovedConnection, "served" | "idleMs">;

interface Silence {
  readonly moved: History;
  /** When it came, by `now()`. */
  readonly since: number;
  /** When it is closed, on the same clock. */
  readonly until: number;
}

/**
 * HTTP/1.1 connections that came from the generation before, and that have no request under way. Each is given to
 * its server with its first bytes: until then it costs a handle and nothing else, and the server's limit for the head of
 * a request does not count against a client that has not begun one.
 */
export class SilentConnections {
  readonly #server: Server;
  readonly #connections: Set<Connection>;
  readonly #silent = new Map<SilentConnection, Silence>();
  readonly #closed: (connection: SilentConnection) => void;
  #look: NodeJS.Timeout | undefined;
  #lookAt = Number.POSITIVE_INFINITY;

  /** `connections`: all of the server; a silent one is among them until it speaks. `gone`: one has closed. */
  constructor(server: Server, connections: Set<Connection>, gone: (connection: SilentConnection) => void) {
    this.#server = server;
    this.#connections = connections;
    this.#closed = (connection) => {
      this.#silent.delete(connection);
      countAsClosed(server);
      gone(connection);
    };
  }

  has(connection: Connection): connection is SilentConnection {
    return this.#silent.has(connection as SilentConnection);
  }

  [Symbol.iterator](): IterableIterator<SilentConnection> {
    return this.#silent.keys();
  }

  /** `late`: what its parent had read of it already. This runtime never does so; another implementation may. */
  add(descriptor: number, moved: MovedConnection, late: readonly Uint8Array[]): void {
    const connection = this.#keep(descriptor, moved);
    if (late.length > 0) this.#give(connection, Buffer.concat(late));
  }

  /** A response has just ended on this connection, which no server has parsed yet. False: something else goes on there already. */
  takeUp(socket: Socket): boolean {
    const isAtRest = socket.readable && socket.readableLength === 0 && socket.writableLength === 0;
    if (socket.destroyed || !isAtRest || !this.#connections.delete(socket)) return false;
    this.#keep(socket, { served: 1 });
    return true;
  }

  #keep(from: number | Socket, moved: History): SilentConnection {
    const since = now();
    const { served = 0, idleMs = 0 } = moved;
    const limitMs = patienceMs(this.#server, served > 0);
    const until = since + Math.max(0, limitMs - idleMs);
    const connection = new SilentConnection(from, this.#server, this.#spoke, this.#closed);
    this.#silent.set(connection, { moved, since, until });
    this.#connections.add(connection);
    countAsAccepted(this.#server);
    this.#lookBy(until);
    return connection;
  }

  readonly #spoke = (connection: SilentConnection): void => {
    this.#give(connection);
  };

  /** Gives a connection to its server, with its first bytes. */
  #give(connection: SilentConnection, late?: Buffer): Socket {
    const { moved, since } = this.#silent.get(connection) as Silence;
    this.#silent.delete(connection);
    this.#connections.delete(connection);
    const socket = connection.wake();
    countUntilClosed(this.#server, socket);

    const { served = 0, idleMs = 0 } = moved;
    if (served > 0) carryActivity(socket, { served, lastAt: since - idleMs });
    const first = late ?? (socket.read() as Buffer | null);
    socket.pause();
    if (first !== null) socket.unshift(first);
    this.#server.emit("connection", socket);
    socket.resume();
    return socket;
  }

  #lookBy(at: number): void {
    if (at > this.#lookAt - slackMs || at === Number.POSITIVE_INFINITY) return;
    clearTimeout(this.#look);
    this.#lookAt = at;
    const ms = Math.min(at - now(), timerMsMax);
    this.#look = setTimeout(() => afterReading(() => this.#closeExpired()), ms).unref();
  }

  #closeExpired(): void {
    this.#lookAt = Number.POSITIVE_INFINITY;
    const at = now();
    for (const [connection, { until }] of this.#silent) {
      if (until > at) this.#lookBy(until);
      // Whoever listens may let it live.
      else if (this.#server.listenerCount("timeout") === 0) connection.destroy();
      else this.#server.emit("timeout", this.#give(connection));
    }
  }

  /** What a further generation is to be told of it. */
  describe(connection: SilentConnection): History {
    const { moved, since } = this.#silent.get(connection) as Silence;
    const idleMs = Math.round((moved.idleMs ?? 0) + now() - since);
    return { ...(moved.served !== undefined && { served: moved.served }), idleMs };
  }
}

/** How long a server waits for the next request, or for the first one, in milliseconds; without a limit, infinitely long. */
function patienceMs(server: Server & { keepAliveTimeoutBuffer?: number }, used: boolean): number {
  const { keepAliveTimeout, keepAliveTimeoutBuffer = keepAliveBufferMs, headersTimeout, timeout } = server;
  // Between two requests it takes the place of the server's `timeout`, which is for when something is under way.
  if (used && keepAliveTimeout > 0) return keepAliveTimeout + keepAliveTimeoutBuffer;
  const limits = used ? [timeout] : [headersTimeout, timeout];
  return Math.min(...limits.filter((ms) => ms > 0));
}
