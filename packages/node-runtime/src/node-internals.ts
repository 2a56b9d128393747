import type { ServerResponse } from "node:http";
import { type ListenOptions, Server, Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";

/*
 * The private parts of Node that this package touches, all of them. Each is read, or replaced on one object, where no
 * public way exists on every supported line, and each is missing harmlessly: see the tests beside this file.
 */

/**
 * What servers do by themselves, whatever a preload puts in its place: it leaves what it replaces under this symbol, for a
 * module that is loaded later.
 */
const nativeSymbol = Symbol.for("heirloom.native");

type Listen = (this: Server, options: ListenOptions & { readonly fd?: number }, backlog?: number) => Server;

const { listen } = Server.prototype as unknown as { listen: Listen & { [nativeSymbol]?: Listen } };
const listening = Object.getOwnPropertyDescriptor(Server.prototype, "listening")?.get as (
  this: Server,
) => boolean;

export const netServer = {
  listen: listen[nativeSymbol] ?? (listen as Listen),
  close: Server.prototype.close,
  isListening: (server: Server): boolean => listening.call(server),
};

/** The descriptor of a listening server, or of a connection. */
export function descriptorOf(server: Server | Connection): number | undefined {
  const { _handle: handle } = server as unknown as { _handle: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

/** What Node calls a handle of a connection, as opposed to a listening one. */
const connectionHandle = 0;
const bothWays = { readable: true, writable: true };

/** A connection on a descriptor, which does about a client's end what those do that `server` has accepted. */
export function connectionOn(descriptor: number, server: Server | undefined): Socket {
  return socketOf(handleOn(descriptor, server), server);
}

function socketOf(handle: ConnectionHandle, server: Server | undefined): Socket {
  const { allowHalfOpen = true } = (server ?? {}) as { allowHalfOpen?: boolean };
  return new Socket({ ...bothWays, allowHalfOpen, handle } as object);
}

/**
 * It is of the same kind as what `server` listens on, and saying so spares Node to find that out: measured, a third of the time
 * that a connection takes. Without a server that listens, Node finds it out. @throws Error where it is no connection
 */
function handleOn(descriptor: number, server: Server | undefined): ConnectionHandle {
  const { _handle: listening } = (server ?? {}) as { _handle?: ListeningHandle | null };
  if (typeof listening?.constructor === "function") {
    try {
      const handle = new listening.constructor(connectionHandle);
      if (handle.open?.(descriptor) === 0) return handle;
    } catch {
      // Not what it was taken for.
    }
  }
  const finder = new Socket({ ...bothWays, fd: descriptor, manualStart: true } as object);
  const found = finder as unknown as { _handle: ConnectionHandle | null };
  const handle = found._handle as ConnectionHandle;
  found._handle = null;
  return handle;
}

function handleFrom(socket: Socket): ConnectionHandle {
  const emptied = socket as unknown as { _handle: ConnectionHandle | null };
  const handle = emptied._handle as ConnectionHandle;
  emptied._handle = null;
  socket.destroy();
  return handle;
}

interface ListeningHandle {
  readonly constructor: new (kind: number) => ConnectionHandle;
}

/** Of what Node reads and writes connections with. */
interface ConnectionHandle {
  readonly fd?: number;
  reading: boolean;
  /** Called with what was read; without anything at the end, and when the connection breaks. */
  onread: (bytes?: ArrayBuffer) => void;
  open?(descriptor: number): number;
  readStart(): number;
  readStop(): number;
  close(): void;
}

/**
 * A connection of which nothing has been heard yet: a handle that reads, and no socket around it. Measured, that takes 3
 * microseconds to make where a socket takes 15 to 30, and no memory to speak of.
 */
export class SilentConnection {
  /** Named as in a socket: what is done to handles here is done to this one, too. */
  _handle: ConnectionHandle | null;
  #first: ArrayBuffer | undefined;
  readonly #server: Server;
  readonly #closed: (connection: SilentConnection) => void;

  /**
   * `from`: its descriptor; or its socket, which has nothing to read or to write, and closes. `spoke`: its first bytes have come, and
   * are in the socket that `wake` makes. `closed`: it is over, whoever ended it.
   */
  constructor(
    from: number | Socket,
    server: Server,
    spoke: (connection: SilentConnection) => void,
    closed: (connection: SilentConnection) => void,
  ) {
    this._handle = typeof from === "number" ? handleOn(from, server) : handleFrom(from);
    this.#server = server;
    this.#closed = closed;
    this._handle.onread = (bytes) => {
      this.#first = bytes;
      if (bytes === undefined) this.destroy();
      else spoke(this);
    };
    startReading(this);
  }

  /** Makes a socket of it, in which its first bytes wait to be read. This is nothing any more. */
  wake(): Socket {
    const handle = this._handle as ConnectionHandle;
    this._handle = null;
    const socket = socketOf(handle, this.#server);
    // Node's own by now: it knows the socket, and gives it what has just been read.
    if (this.#first !== undefined) handle.onread(this.#first);
    return socket;
  }

  destroy(): void {
    if (this._handle === null) return;
    this._handle.close();
    this._handle = null;
    this.#closed(this);
  }
}

/** A connection, with a socket around it or without. */
export type Connection = Socket | SilentConnection;

/**
 * Closes the listening handle and nothing else. `http.Server.close` would also destroy idle connections, and on
 * current lines those that have been accepted and have not sent a byte. The server emits no `close`: it is not over.
 */
export function closeListeningHandle(server: Server): void {
  const patched = server as unknown as { _emitCloseIfDrained?: () => void };
  patched._emitCloseIfDrained = () => {};
  netServer.close.call(server);
}

/** Lets a server emit `close` again, once its last connection has gone. */
export function allowCloseEvent(server: Server): void {
  const patched = server as unknown as { _emitCloseIfDrained?: () => void };
  delete patched._emitCloseIfDrained;
}

/**
 * Stops reading from a connection at once, whoever reads: `pause()` goes on reading into the stream's buffer. False where
 * that cannot be said for sure.
 */
export function stopReading(socket: Connection): boolean {
  const handle = readableHandle(socket);
  if (handle === undefined) return false;
  stopped.add(socket);
  handle.reading = false;
  return handle.readStop() === 0;
}

/** Leaves what comes to a system call of this package's own: Node would lose the descriptors among it, also when it reads out what a dead child left. */
export function neverRead(socket: Socket): void {
  stopReading(socket);
  socket._read = () => {};
}

/** Reads again after `stopReading`. */
export function startReading(socket: Connection): void {
  stopped.delete(socket);
  const handle = readableHandle(socket);
  if (handle === undefined) return;
  handle.reading = true;
  handle.readStart();
}

/** Whether reading was stopped by `stopReading`, and has not begun again. */
export function isStopped(socket: Connection): boolean {
  return stopped.has(socket);
}

const stopped = new WeakSet<Connection>();

interface ReadableHandle {
  reading: boolean;
  readStop(): number;
  readStart(): number;
}

function readableHandle(socket: Connection): ReadableHandle | undefined {
  const { _handle: handle } = socket as unknown as { _handle: Partial<ReadableHandle> | null };
  const isReadable = typeof handle?.readStop === "function" && typeof handle.readStart === "function";
  return isReadable ? (handle as ReadableHandle) : undefined;
}

/** Whether an HTTP/1.1 server still parses what comes on a connection that it was given: no longer after an upgrade. */
export function isParsed(socket: Connection): boolean {
  return (socket as unknown as { parser?: object | null }).parser != null;
}

interface CountingServer {
  _connections: number;
  _emitCloseIfDrained?(): void;
}

/** Counts a connection as one that the server has accepted itself. */
export function countAsAccepted(server: Server): void {
  (server as unknown as CountingServer)._connections += 1;
}

/** Counts it until this socket closes. */
export function countUntilClosed(server: Server, socket: Socket): void {
  (socket as unknown as { _server: Server })._server = server;
}

/** Counts it no more. */
export function countAsClosed(server: Server): void {
  const counting = server as unknown as CountingServer;
  counting._connections -= 1;
  counting._emitCloseIfDrained?.();
}

/** The response that is being written on an HTTP/1.1 connection. */
export function currentResponse(socket: Connection): ServerResponse | undefined {
  return (socket as unknown as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** The head of a response, once it is in words: as the client gets it, wherever its fields were given. */
export function headOf(response: ServerResponse): string | undefined {
  const { _header: head } = response as unknown as { _header?: unknown };
  return typeof head === "string" ? head : undefined;
}

/** Calls `look` as if no response were being written on these HTTP/1.1 connections. */
export function withoutResponses<T>(sockets: readonly Socket[], look: () => T): T {
  const writing = sockets as unknown as { _httpMessage?: ServerResponse | null }[];
  const responses = writing.map((socket) => socket._httpMessage);
  for (const socket of writing) socket._httpMessage = null;
  try {
    return look();
  } finally {
    writing.forEach((socket, i) => {
      socket._httpMessage = responses[i] ?? null;
    });
  }
}

/**
 * What a TLS server's sessions are bound to. Where the application gives none, Node takes it from the command line, which may
 * differ between two releases.
 */
export function sessionIdContextOf(server: TlsServer): { value: string; isExplicit: boolean } | undefined {
  const { sessionIdContext: value } = server as unknown as { sessionIdContext?: unknown };
  if (typeof value !== "string") return undefined;
  const { createHash } = process.getBuiltinModule("node:crypto");
  const fallback = createHash("sha1").update(process.argv.join(" ")).digest("hex").slice(0, 32);
  return { value, isExplicit: value !== fallback };
}

/** Whether the application gave a TLS server keys of its own for its session tickets. */
export function hasOwnTicketKeys(server: TlsServer): boolean {
  return (server as unknown as { ticketKeys?: unknown }).ticketKeys !== undefined;
}

/** Binds the sessions of a TLS server that listens already to something else. Returns whether that was possible. */
export function adoptSessionIdContext(server: TlsServer, value: string): boolean {
  const patched = server as unknown as {
    sessionIdContext: string;
    _sharedCreds?: { context?: { setSessionIdContext?: (value: string) => void } };
  };
  const context = patched._sharedCreds?.context;
  if (typeof context?.setSessionIdContext !== "function") return false;
  context.setSessionIdContext(value);
  patched.sessionIdContext = value;
  return true;
}

/** What a TLS connection runs on; of any other connection itself. Without it a connection is only counted as another kind of end. */
export function carrierOf(socket: Connection): Connection {
  return (socket as unknown as { _parent?: Socket | null })._parent ?? socket;
}

/** The descriptor of a connected socket. @throws Error where it is not connected any more */
export function socketDescriptor(socket: Socket): number {
  const descriptor = descriptorOf(socket);
  if (descriptor !== undefined) return descriptor;
  throw new Error("the socket is not open");
}
