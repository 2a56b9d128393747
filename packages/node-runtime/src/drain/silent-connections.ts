import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { MovedConnection } from "@heirloom/protocol";
import { carryActivity } from "../moves/http-activity.js";
import { countAsAccepted } from "../node-internals.js";

/** By how much longer than it says an HTTP/1.1 server keeps a connection alive, where its line has no option for that. */
const keepAliveBufferMs = 1_000;

/**
 * HTTP/1.1 connections that came from the generation before, and of which nothing has been heard since. Each is given to
 * its server with its first bytes: until then it costs a socket and nothing else, and the server's limit for the head of
 * a request does not count against a client that has not begun one.
 */
export class SilentConnections {
  readonly #server: Server;
  readonly #silent = new Map<Socket, { readonly moved: MovedConnection; readonly since: number }>();
  /** The same for all connections: a batch of them is taken up in one turn. */
  readonly #listeners: readonly (readonly [string, (this: Socket) => void])[];

  constructor(server: Server) {
    this.#server = server;
    const silent = this;
    this.#listeners = Object.entries({
      // Not "data": that costs each connection a turn of its own before anything has come.
      readable(this: Socket) {
        const first = this.read() as Buffer | null;
        if (first !== null) silent.#wake(this, first);
      },
      end(this: Socket) {
        this.end();
      },
      error() {},
      close(this: Socket) {
        silent.#silent.delete(this);
      },
      timeout(this: Socket) {
        if (!server.emit("timeout", this)) this.destroy();
      },
    });
  }

  has(socket: Socket): boolean {
    return this.#silent.has(socket);
  }

  [Symbol.iterator](): IterableIterator<Socket> {
    return this.#silent.keys();
  }

  /** `late`: what its parent had read of it already. This runtime never does so; another implementation may. */
  add(socket: Socket, moved: MovedConnection, late: readonly Uint8Array[]): void {
    const now = performance.now();
    this.#silent.set(socket, { moved, since: now });
    countAsAccepted(this.#server, socket);
    const { served = 0, idleMs = 0 } = moved;
    if (served > 0) carryActivity(socket, { served, lastAt: now - idleMs });
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    const limitMs = patienceMs(this.#server, served > 0);
    if (limitMs > 0) socket.setTimeout(Math.max(1, limitMs - idleMs));
    if (late.length > 0) this.#wake(socket, Buffer.concat(late));
  }

  /** Gives a connection to its server, with its first bytes. */
  #wake(socket: Socket, first: Buffer): void {
    this.#silent.delete(socket);
    for (const [event, listener] of this.#listeners) socket.removeListener(event, listener);
    socket.setTimeout(0);
    socket.pause();
    socket.unshift(first);
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** What a further generation is to be told of it; undefined where it is not silent any more. */
  describe(socket: Socket): Pick<MovedConnection, "served" | "idleMs"> | undefined {
    const silent = this.#silent.get(socket);
    if (silent === undefined) return undefined;
    const { moved, since } = silent;
    const idleMs = Math.round((moved.idleMs ?? 0) + performance.now() - since);
    return { ...(moved.served !== undefined && { served: moved.served }), idleMs };
  }
}

/** How long a server waits for the next request, or for the first one, in milliseconds; 0: for ever. */
function patienceMs(server: Server & { keepAliveTimeoutBuffer?: number }, used: boolean): number {
  const { keepAliveTimeout, keepAliveTimeoutBuffer = keepAliveBufferMs, headersTimeout, timeout } = server;
  const own = used ? keepAliveTimeout && keepAliveTimeout + keepAliveTimeoutBuffer : headersTimeout;
  return timeout > 0 && (own === 0 || timeout < own) ? timeout : own;
}
