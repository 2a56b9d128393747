import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { currentResponse, headOf, withoutResponses } from "../../node-internals.js";
import { idleConnections } from "../http-idle.js";
import type { ArrivedConnection, ListenerOf, Movable, PausedConnection } from "../movable.js";
import { MovableSockets } from "../sockets/movable-sockets.js";
import { ArrivedStream, type Framing } from "./arrived-stream.js";
import { awaitNextRequest } from "./next-request.js";

/** How long responses of one kind go on in the next generation. */
export interface StreamHooks {
  /** The server whose responses these are: once one has ended its connection goes on there. */
  readonly server: Server;
  /**
   * The response has left: returns what `arrive` needs in the child to go on with it, such as the last event's id, at most
   * 256 KiB less 2 bytes. Called once, at the very last moment: what was written until then reaches the client first, and nothing that is
   * written afterwards does. The response emits `close` after that, as if the client had gone.
   */
  leave(response: Writable): Uint8Array;
  /** Goes on with a response: what is written to `stream` are its next bytes. */
  arrive(stream: Writable, state: Uint8Array, listener: string): void;
}

/**
 * Responses of an HTTP/1.1 server that never end, such as server-sent events, and move to the child between two writes.
 * Their requests have to be read, and their bodies sent as they are written: what a compression still holds would stay behind.
 */
export class MovableStreams implements Movable {
  readonly protocol: string;
  readonly #hooks: StreamHooks;
  readonly #sockets: MovableSockets;
  readonly #streams = new Map<Socket, Writable>();
  #idle: ReadonlySet<Socket> = new Set();

  /** `protocol`: what every release calls this, 1 to 64 bytes of UTF-8, such as `example.org/events`. */
  constructor(protocol: string, hooks: StreamHooks) {
    this.protocol = protocol;
    this.#hooks = hooks;
    this.#sockets = new MovableSockets(protocol, {
      atBoundary: (socket) => this.#atBoundary(socket),
      leave: (socket) => this.#leave(socket),
      arrive: (socket, state, listener) => this.#arrive(socket, state, listener),
    });
  }

  /** This response moves from here on, once its head is sent and until it ends. */
  add(response: ServerResponse): void {
    const { socket } = response;
    if (socket !== null) this.#add(socket, response);
  }

  begin(settled: () => void, listenerOf: ListenerOf): void {
    this.#sockets.begin(settled, listenerOf);
  }

  end(): void {
    this.#sockets.end();
  }

  pause(max: number, listeners: ReadonlySet<string>): readonly PausedConnection[] {
    const sockets = [...this.#streams.keys()];
    if (sockets.length === 0) return [];
    this.#idle = withoutResponses(sockets, () => idleConnections(this.#hooks.server, sockets));
    return this.#sockets.pause(max, listeners);
  }

  adopt(arrived: ArrivedConnection): void {
    this.#sockets.adopt(arrived);
  }

  #add(socket: Socket, stream: Writable): void {
    this.#streams.set(socket, stream);
    this.#sockets.add(socket);
    const forget = () => {
      // Not while it is on its way: what has ended meanwhile is told to the child.
      if (this.#sockets.isMoving(socket)) return;
      this.#sockets.delete(socket);
      this.#streams.delete(socket);
      // One connection has any number of responses.
      socket.removeListener("close", forget);
    };
    stream.once("finish", forget);
    stream.once("close", forget);
    socket.once("close", forget);
  }

  #atBoundary(socket: Socket): boolean {
    const stream = this.#streams.get(socket);
    if (stream === undefined || stream.writableEnded || stream.writableLength > 0) return false;
    if (stream instanceof ArrivedStream) return socket.readableLength === 0;
    const response = stream as ServerResponse;
    const may =
      response.req.complete &&
      currentResponse(socket) === response &&
      framingOf(response) !== undefined &&
      // Not one byte of a next request is in the parser.
      this.#idle.has(socket);
    if (!may) return false;
    // Node counts a head as sent once it is in words, and keeps it back for the first write: that one will be the child's.
    response.flushHeaders();
    return socket.writableLength === 0;
  }

  #leave(socket: Socket): Uint8Array | undefined {
    const stream = this.#streams.get(socket);
    this.#streams.delete(socket);
    const framing = stream instanceof ArrivedStream ? stream.framing : framingOf(stream as ServerResponse);
    if (stream === undefined || framing === undefined) return undefined;
    const { chunked, keepsAlive } = framing;
    const ended = stream.writableEnded;
    const flags = (chunked ? 1 : 0) | (keepsAlive ? 2 : 0) | (ended ? 4 : 0);
    return Buffer.concat([Buffer.of(1, flags), ended ? Buffer.alloc(0) : this.#hooks.leave(stream)]);
  }

  #arrive(socket: Socket, bytes: Uint8Array, listener: string): void {
    const [format, flags = 0] = bytes;
    if (format !== 1) throw new Error("the parent speaks a later format of moving responses");
    const { server, arrive } = this.#hooks;
    const framing = { chunked: (flags & 1) !== 0, keepsAlive: (flags & 2) !== 0 };
    if ((flags & 4) !== 0) {
      this.#sockets.delete(socket);
      if (framing.keepsAlive) awaitNextRequest(server, socket);
      else socket.end(() => socket.resume());
      return;
    }
    const stream = new ArrivedStream(socket, server, framing);
    this.#add(socket, stream);
    arrive(stream, bytes.subarray(2), listener);
  }
}

/** Undefined: what follows in this response is not told from its framing alone, or the head is not there to tell. */
function framingOf(response: ServerResponse): Framing | undefined {
  const { chunkedEncoding: chunked, shouldKeepAlive, statusCode, req } = response;
  const head = headOf(response);
  if (head === undefined || staying.test(head)) return undefined;
  if (req.method === "HEAD" || statusCode === 204 || statusCode === 304) return undefined;
  return { chunked, keepsAlive: chunked && shouldKeepAlive && !closing.test(head) };
}

/** What a response's end, or what its bytes mean, depends on, and only this process knows. */
const staying = /^(?:(?:content-encoding|content-length|trailer):|transfer-encoding:(?! *chunked\r))/im;
const closing = /^connection:.*\bclose\b/im;
