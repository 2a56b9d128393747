import type { Server } from "node:http";
import { Socket } from "node:net";
import { type Connection, isParsed } from "../node-internals.js";

/**
 * The connections of which Node says that they wait for the next request and that not one byte of it has come. Counting
 * bytes cannot tell: half of a request may have come together with the one before it. The parser knows, and
 * `closeIdleConnections` is the public way to ask: for the length of that one call, destroying is only noting.
 */
export function idleConnections(server: Server, connections: Iterable<Connection>): Set<Socket> {
  const idle = new Set<Socket>();
  const note = function (this: Socket): Socket {
    idle.add(this);
    return this;
  };
  const undo = [replaceDestroy(Socket.prototype, note)];
  // A library may have given a connection a method of its own.
  for (const socket of connections) {
    if (Object.hasOwn(socket, "destroy")) undo.push(replaceDestroy(socket, note));
  }
  try {
    server.closeIdleConnections();
  } finally {
    for (const restore of undo.reverse()) restore();
  }
  return idle;
}

/**
 * The idle connections of a server that is asked for some of them again and again. What Node says of a connection holds until
 * a further byte of it has come; asking takes a look at all of them.
 */
export class IdleConnections {
  readonly #server: Server;
  /** How many bytes had come when Node said so. */
  readonly #bytes = new WeakMap<Socket, number>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** Whether this one is known to be idle. */
  has(socket: Socket): boolean {
    return this.#bytes.get(socket) === socket.bytesRead;
  }

  look(connections: Iterable<Connection>): void {
    for (const socket of idleConnections(this.#server, connections))
      this.#bytes.set(socket, socket.bytesRead);
  }
}

/** Whether a connection that a server parses has not brought a byte yet; over TLS, not one that was decrypted. */
export function isUnused(socket: Socket): boolean {
  return socket.bytesRead === 0 && isParsed(socket);
}

function replaceDestroy(target: Connection, destroy: (this: Socket) => Socket): () => void {
  const own = Object.getOwnPropertyDescriptor(target, "destroy");
  Object.defineProperty(target, "destroy", { value: destroy, configurable: true, writable: true });
  return () => {
    if (own === undefined) delete (target as Partial<Socket>).destroy;
    else Object.defineProperty(target, "destroy", own);
  };
}
