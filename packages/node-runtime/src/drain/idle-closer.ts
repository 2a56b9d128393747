import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { now } from "../clock.js";
import { afterReading } from "../event-loop.js";
import { idleConnections, isUnused } from "../moves/http-idle.js";
import { type Connection, isStopped, SilentConnection } from "../node-internals.js";

/** How often a generation that leaves looks which connections are idle. */
const lookMs = 250;

/**
 * Closes the idle connections of an HTTP server that leaves, where they cannot move. It waits for as long as it may: a client
 * that uses its connection meanwhile is told with the answer, which no client mistakes. What is idle to the last is closed gently, each
 * at a moment of its own, so that clients do not all come back at once.
 */
export class IdleCloser {
  readonly #server: HttpServer;
  readonly #connections: Iterable<Connection>;
  readonly #close: (socket: Socket) => void;
  /** When each is closed, in milliseconds since the beginning. */
  readonly #times = new WeakMap<Socket, number>();
  #looking: NodeJS.Timeout | undefined;
  #mayClose: (socket: Socket) => boolean = () => true;

  /** `connections`: those that speak HTTP; on a TLS server the decrypted ones. `close` closes one of them gently. */
  constructor(server: HttpServer, connections: Iterable<Connection>, close: (socket: Socket) => void) {
    this.#server = server;
    this.#connections = connections;
    this.#close = close;
  }

  /** `idleMs`: when the last idle connection is closed; the first not before half of it. `only`: which ones; default: all. */
  begin(idleMs: number, only?: (socket: Socket) => boolean): void {
    this.#mayClose = only ?? (() => true);
    // Node destroys what has been idle for the server's keepAliveTimeout, unless somebody else looks after all of them.
    if (only === undefined) this.#server.on("timeout", this.#timedOut);
    const begun = now();
    const look = () => {
      if (this.#looking === looking) this.#look(now() - begun, idleMs);
    };
    const looking = setInterval(() => afterReading(look), Math.min(lookMs, idleMs / 8));
    this.#looking = looking;
  }

  /** Closes gently what has not brought a byte. */
  closeUnused(): void {
    for (const socket of this.#still()) if (isUnused(socket)) this.#close(socket);
  }

  end(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
    this.#mayClose = () => true;
    this.#server.removeListener("timeout", this.#timedOut);
  }

  readonly #timedOut = (socket: Socket): void => {
    afterReading(() => {
      // What is in the middle of something is bounded by the drain deadline.
      if (this.#idle().includes(socket)) this.#close(socket);
    });
  };

  #look(elapsedMs: number, idleMs: number): void {
    if (elapsedMs < idleMs / 2) return;
    for (const socket of this.#idle()) {
      const at = this.#times.get(socket) ?? idleMs * (0.5 + Math.random() / 2);
      this.#times.set(socket, at);
      if (elapsedMs >= at) this.#close(socket);
    }
  }

  /** Those that wait for a request, be it their first one. */
  #idle(): Socket[] {
    const idle = idleConnections(this.#server, this.#connections);
    return this.#still().filter((socket) => idle.has(socket) || isUnused(socket));
  }

  /** Those with nothing left to write. One that is on its way to the child is the child's to close. */
  #still(): Socket[] {
    return [...this.#connections].filter(
      (socket): socket is Socket =>
        !(socket instanceof SilentConnection) &&
        this.#mayClose(socket) &&
        socket.writable &&
        socket.writableLength === 0 &&
        !isStopped(socket),
    );
  }
}
