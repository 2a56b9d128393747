import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Server, Socket } from "node:net";
import { currentResponse } from "../node-internals.js";

/** How often a service that ends looks for connections that have become idle. */
const idleCheckMs = 100;

/** Who goes on answering when this generation is gone. */
export type DrainMode =
  /** The child: idle connections are left alone, and closed only with their next response. */
  | "handoff"
  /** Nobody: idle connections are closed. */
  | "stop";

/**
 * The open connections of one server, of whatever kind: net, http, https, http2. Costs a set entry per connection
 * while serving; everything else begins with the draining.
 */
export class ConnectionTracker {
  readonly #server: Server;
  readonly #changed: () => void;
  readonly #connections = new Set<Socket>();
  /** On a TLS server: the sockets that carry the decrypted side of connections. */
  readonly #secured = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #idleCheck: NodeJS.Timeout | undefined;
  #draining = false;

  /** `changed` is called whenever a connection has gone. */
  constructor(server: Server, changed: () => void) {
    this.#server = server;
    this.#changed = changed;
    server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => {
        this.#connections.delete(socket);
        if (this.#draining) this.#changed();
      });
    });
    server.on("secureConnection", (socket: Socket) => track(this.#secured, socket));
    server.on("session", (session: ServerHttp2Session) => track(this.#sessions, session));
  }

  get size(): number {
    return this.#connections.size;
  }

  begin(mode: DrainMode): void {
    this.#draining = true;
    this.#server.prependListener("request", closeAfterResponse);
    this.#server.on("session", closeAfterFirstStream);
    for (const socket of [...this.#connections, ...this.#secured]) {
      const response = currentResponse(socket);
      if (response !== undefined) sayClose(response);
    }
    for (const session of this.#sessions) session.close();
    if (mode === "stop") {
      this.#closeIdle();
      this.#idleCheck = setInterval(() => this.#closeIdle(), idleCheckMs);
    }
  }

  resume(): void {
    this.#draining = false;
    clearInterval(this.#idleCheck);
    this.#server.removeListener("request", closeAfterResponse);
    this.#server.removeListener("session", closeAfterFirstStream);
  }

  /** Closes what is open. Returns how many connections were in the middle of something. */
  cut(): number {
    clearInterval(this.#idleCheck);
    this.#closeIdle();
    const open = [...this.#connections].filter((socket) => !socket.destroyed);
    for (const session of this.#sessions) session.destroy();
    for (const socket of open) socket.destroy();
    return open.length;
  }

  #closeIdle(): void {
    (this.#server as Partial<HttpServer>).closeIdleConnections?.();
  }
}

function track<T extends Socket | ServerHttp2Session>(all: Set<T>, one: T): void {
  all.add(one);
  one.once("close", () => all.delete(one));
}

function closeAfterResponse(_request: IncomingMessage, response: ServerResponse): void {
  sayClose(response);
}

function sayClose(response: ServerResponse): void {
  // HTTP/2 has no such header: its sessions are told by GOAWAY.
  if (!response.headersSent && response.req.httpVersionMajor < 2) response.setHeader("Connection", "close");
}

/** A session that begins while draining came from before: it gets its first answer, and then GOAWAY. */
function closeAfterFirstStream(session: ServerHttp2Session): void {
  session.once("stream", () => session.close());
}
