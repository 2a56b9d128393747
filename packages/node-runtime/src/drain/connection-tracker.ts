import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { afterReading, afterWaitingClients } from "../event-loop.js";
import { isEncrypted } from "../moves/encrypted.js";
import { idleConnections } from "../moves/http-idle.js";
import { takeUpWith } from "../moves/streams/next-request.js";
import { isResponding } from "../moves/streams/responding.js";
import { type Connection, carrierOf, currentResponse, isParsed } from "../node-internals.js";
import { closeGently } from "./gentle-close.js";
import { IdleCloser } from "./idle-closer.js";
import { SessionCloser } from "./session-closer.js";
import { SilentConnections } from "./silent-connections.js";
import type { ConnectionClass, ConnectionEnd, DrainTally } from "./tally.js";

/** How often a service that ends looks for connections that have become idle. */
const idleCheckMs = 100;

/** What becomes of connections while this generation drains. */
export type DrainMode =
  /** Those that can move do, and are told nothing. */
  | "move"
  /** Idle ones are left alone, and closed only with their next response. */
  | "close"
  /** Nobody will serve when this generation is gone: idle ones are closed. */
  | "stop";

/**
 * The open connections of one server, of whatever kind: net, http, https, http2. Costs a set entry per connection
 * while serving; everything else begins with the draining.
 */
export class ConnectionTracker {
  readonly server: Server;
  readonly #class: ConnectionClass;
  readonly #changed: () => void;
  readonly #connections = new Set<Connection>();
  /** On a TLS server: the sockets that carry the decrypted side of connections. */
  readonly #secured = new Set<Socket>();
  /** Of an HTTP/1.1 server: those that came from the generation before, and have not been heard of since. */
  readonly silent: SilentConnections;
  readonly #idleMs: number;
  readonly #idleCloser: IdleCloser;
  readonly #sessionCloser: SessionCloser;
  #idleCheck: NodeJS.Timeout | undefined;
  #tally: DrainTally | undefined;
  readonly #upgraded = new WeakSet<Connection>();
  readonly #closedGently = new WeakSet<Connection>();
  /** Which connections end with this generation. */
  #stays: (connection: Connection) => boolean = () => true;
  readonly #closeAfterResponse = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    if (this.#stays(socket)) sayClose(response);
  };

  /**
   * `idleMs`: how long a connection that does not move may stay idle while this generation drains. `changed` is called
   * whenever a connection has gone.
   */
  constructor(server: Server, idleMs: number, changed: () => void) {
    this.server = server;
    this.#class = classOf(server);
    this.#changed = changed;
    this.#idleMs = idleMs;
    this.silent = new SilentConnections(server as HttpServer, this.#connections, (connection) =>
      this.#gone(connection, "finished"),
    );
    if (this.isPlainHttp) {
      // A generation that leaves looks after what has a socket.
      takeUpWith(server, (socket) => this.#tally === undefined && this.silent.takeUp(socket));
    }
    this.#idleCloser = new IdleCloser(
      server as HttpServer,
      this.#class === "tls" ? this.#secured : this.#connections,
      (socket) => {
        this.#closedGently.add(this.#trackedOf(socket));
        closeGently(socket);
      },
    );
    server.on("connection", (socket: Socket) => this.track(socket));
    server.on("secureConnection", (socket: Socket) => track(this.#secured, socket));
    this.#sessionCloser = new SessionCloser(server);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** How many are open, by their class. */
  countInto(counts: Partial<Record<ConnectionClass, number>>): void {
    for (const socket of this.#connections) {
      const of = this.#speaksSomethingElse(socket) ? "upgraded" : this.#class;
      counts[of] = (counts[of] ?? 0) + 1;
    }
  }

  has(connection: Connection): boolean {
    return this.#connections.has(connection);
  }

  /** Oldest first. */
  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  /** Whether this is a plain HTTP/1.1 server, whose connections can move. */
  get isPlainHttp(): boolean {
    return this.#class === "http";
  }

  track(socket: Socket): void {
    if (this.#connections.has(socket)) return;
    this.#connections.add(socket);
    socket.once("close", () => this.#gone(socket, this.#closedGently.has(socket) ? "closed" : "finished"));
  }

  /** Counts a connection no longer among those that are open. */
  part(connection: Connection, end: ConnectionEnd): void {
    this.#count(connection, end);
  }

  /** Closes a connection here, for this reason. */
  end(connection: Connection, end: ConnectionEnd): void {
    const tracked = this.#trackedOf(connection);
    this.#gone(tracked, this.#closedGently.has(tracked) ? "closed" : end);
    connection.destroy();
  }

  /** May be called again, with another mode. */
  begin(mode: DrainMode, tally: DrainTally): void {
    this.#stopDraining();
    this.#tally = tally;
    if (this.isPlainHttp) {
      for (const socket of this.#connections) {
        if (this.#speaksSomethingElse(socket)) this.#upgraded.add(socket);
      }
    }
    // What an application has decrypted itself, and given to a plain server, does not move.
    const moves = mode === "move" && this.isPlainHttp;
    this.#stays = moves ? isEncrypted : () => true;
    this.server.prependListener("request", this.#closeAfterResponse);
    const staying = [...this.#connections, ...this.#secured].filter(this.#stays);
    for (const socket of staying) {
      const response = currentResponse(socket);
      if (response !== undefined) sayClose(response);
    }
    if (mode !== "stop") {
      const idleMs = Math.max(1, this.#idleMs - tally.elapsedMs);
      this.#sessionCloser.begin(idleMs);
      if (this.#speaksHttp1 && !(moves && staying.length === 0)) {
        this.#idleCloser.begin(idleMs, moves ? isEncrypted : undefined);
      }
    } else {
      this.#sessionCloser.closeAll();
      const look = () => {
        if (this.#idleCheck === looking) this.#closeIdle();
      };
      const looking = setInterval(() => afterReading(look), idleCheckMs);
      this.#idleCheck = looking;
      // Who was accepted a moment ago is not idle: the request may be in the kernel already.
      afterWaitingClients(look);
    }
  }

  resume(): void {
    this.#stopDraining();
    this.#sessionCloser.end();
    this.#tally = undefined;
  }

  /** Closes what is open: gently what is idle, and cuts what is in the middle of something. */
  cut(): void {
    this.#endLooking();
    this.#closeIdle();
    this.#sessionCloser.destroy();
    for (const connection of this.#connections) this.end(connection, "cut");
  }

  #speaksSomethingElse(connection: Connection): boolean {
    return (
      this.isPlainHttp && !this.silent.has(connection) && !isParsed(connection) && !isResponding(connection)
    );
  }

  /** What is counted of a connection: of a TLS server's own what carries it. */
  #trackedOf(connection: Connection): Connection {
    return this.#connections.has(connection) ? connection : carrierOf(connection);
  }

  #gone(connection: Connection, end: ConnectionEnd): void {
    if (this.#count(connection, end)) this.#changed();
  }

  /** Returns whether this was one more that is gone in this draining. */
  #count(connection: Connection, end: ConnectionEnd): boolean {
    if (!this.#connections.delete(connection) || this.#tally === undefined) return false;
    this.#tally.count(this.#upgraded.has(connection) ? "upgraded" : this.#class, end);
    return true;
  }

  #stopDraining(): void {
    this.#endLooking();
    this.server.removeListener("request", this.#closeAfterResponse);
  }

  #endLooking(): void {
    this.#idleCloser.end();
    clearInterval(this.#idleCheck);
    this.#idleCheck = undefined;
  }

  get #speaksHttp1(): boolean {
    return "closeIdleConnections" in this.server && this.#class !== "http2";
  }

  #closeIdle(): void {
    if (!this.#speaksHttp1) return;
    // Before the others, among which newer lines count them: a first request may be just arriving.
    this.#idleCloser.closeUnused();
    const idle = idleConnections(this.server as HttpServer, this.#connections);
    // To Node a connection is idle once a handler has called end, whatever is left to write.
    const written = [...idle].filter(({ writable, writableLength }) => writable && writableLength === 0);
    for (const connection of [...written, ...this.silent]) this.end(connection, "closed");
  }
}

/** By what only servers of a kind have: looking at their classes would load the modules of all of them. */
function classOf(server: Server): ConnectionClass {
  if ("updateSettings" in server) return "http2";
  if ("setSecureContext" in server) return "tls";
  return "closeIdleConnections" in server ? "http" : "raw";
}

function track(all: Set<Socket>, one: Socket): void {
  all.add(one);
  one.once("close", () => all.delete(one));
}

function sayClose(response: ServerResponse): void {
  // HTTP/2 has no such header: its sessions are told by GOAWAY.
  if (!response.headersSent && response.req.httpVersionMajor < 2) response.setHeader("Connection", "close");
}
