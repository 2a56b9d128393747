import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Generation } from "@heirloom/node-runtime";
import { MovableSockets } from "@heirloom/node-runtime/moves";
import type { WebSocket, WebSocketServer } from "ws";
import { Farewells } from "./farewells.js";
import { decodeParcel, encodeParcel, type Parcel } from "./parcel.js";
import {
  adopt,
  extensionsOf,
  type Handshake,
  hasReadWhole,
  hasSentAll,
  isBetweenMessages,
  isStateless,
  sendPlainly,
  silence,
  socketOf,
} from "./ws-internals.js";

/** How an application's WebSockets go on in the next generation. */
export interface WebSocketHooks<State> {
  /** What every release calls the WebSockets of this server, where a service has several servers: 1 to 54 bytes of UTF-8. */
  readonly name?: string;
  /**
   * The WebSocket has left: returns what `importState` needs to go on with it, anything that JSON has, at most about 256 KiB. Called
   * once, at the very last moment, between two messages: from here on the WebSocket is closed in this process, without a
   * `close` event, for its client is still there. Give up here what was kept for it. One that throws closes the WebSocket with 1012.
   */
  exportState(ws: WebSocket, request: IncomingMessage): State;
  /**
   * Goes on with a WebSocket, in place of the server's `connection` event: listen to it at once. It is one of the server's `clients`
   * already; `request` has the method, the URL and the headers of the one that it was begun with. One that throws closes it with 1012.
   */
  importState(ws: WebSocket, state: State, request: IncomingMessage): void;
  /**
   * Whether something is still being worked on that the client gets an answer for: such a WebSocket stays until it is not.
   * Default: never. One that throws closes the WebSocket with 1012.
   */
  isBusy?(ws: WebSocket): boolean;
}

/** The WebSockets of one server. */
export interface MovingWebSockets {
  /** For WebSockets that the server emits no `connection` event for. */
  add(ws: WebSocket, request: IncomingMessage): void;
}

interface Known {
  readonly ws: WebSocket;
  readonly request: IncomingMessage;
}

/**
 * Moves the open WebSockets of a `ws` server to the next generation of a service, with state of the application; clients never
 * reconnect. Without hooks, and where a WebSocket cannot move (TLS, compression with a memory), it is closed with 1012 at a moment of
 * its own within the drain deadline. Call it before `generation.ready()`.
 * @throws HandoffError OPTION_INVALID where two servers have one name
 */
export function moveWebSockets<State>(
  generation: Pick<Generation, "move" | "on" | "onResume">,
  server: WebSocketServer,
  hooks?: WebSocketHooks<State>,
): MovingWebSockets {
  const moves = new WebSocketMoves(server, hooks);
  if (moves.sockets !== undefined) generation.move(moves.sockets);
  generation.on("draining", ({ hasSuccessor, deadlineMs }) => moves.leave(hasSuccessor, deadlineMs));
  generation.onResume(() => moves.stay());
  server.on("connection", (ws: WebSocket, request: IncomingMessage) => moves.add(ws, request));
  return moves;
}

class WebSocketMoves<State> implements MovingWebSockets {
  readonly sockets: MovableSockets | undefined;
  readonly #server: WebSocketServer;
  readonly #hooks: WebSocketHooks<State> | undefined;
  readonly #known = new Map<WebSocket, Known>();
  readonly #bySocket = new Map<Socket, Known>();
  readonly #farewells = new Farewells(
    (ws) => this.#mayMove(ws),
    (ws) => this.#isMoving(ws),
  );

  constructor(server: WebSocketServer, hooks: WebSocketHooks<State> | undefined) {
    this.#server = server;
    this.#hooks = hooks;
    if (hooks === undefined) return;
    const protocol = hooks.name === undefined ? "websocket" : `websocket/${hooks.name}`;
    this.sockets = new MovableSockets(protocol, {
      atBoundary: (socket) => this.#atBoundary(socket),
      leave: (socket) => this.#leave(socket, hooks),
      arrive: (socket, state) => this.#arrive(socket, state, hooks),
    });
  }

  add(ws: WebSocket, request: IncomingMessage): void {
    if (this.#known.has(ws) || ws.readyState > 1) return;
    const known = { ws, request };
    const socket = socketOf(ws);
    this.#known.set(ws, known);
    if (socket !== undefined) this.#bySocket.set(socket, known);
    ws.once("close", () => this.#forget(ws, socket));
    if (this.#mayMove(ws) && socket !== undefined) {
      this.sockets?.add(socket);
      sendPlainly(ws, () => this.#farewells.begun);
    }
    this.#farewells.plan(ws);
  }

  leave(hasSuccessor: boolean, deadlineMs: number): void {
    this.#farewells.begin(this.#known.keys(), hasSuccessor, deadlineMs);
  }

  stay(): void {
    this.#farewells.cancel();
  }

  #forget(ws: WebSocket, socket: Socket | undefined): void {
    this.#farewells.forget(ws);
    this.#known.delete(ws);
    if (socket !== undefined) this.#bySocket.delete(socket);
  }

  #mayMove(ws: WebSocket): boolean {
    const socket = socketOf(ws);
    return this.sockets !== undefined && socket !== undefined && !("encrypted" in socket) && isStateless(ws);
  }

  #isMoving(ws: WebSocket): boolean {
    const socket = socketOf(ws);
    return socket !== undefined && this.sockets?.isMoving(socket) === true;
  }

  #atBoundary(socket: Socket): boolean {
    const ws = this.#bySocket.get(socket)?.ws;
    return ws !== undefined && isBetweenMessages(ws) && !this.#isBusy(ws);
  }

  #isBusy(ws: WebSocket): boolean {
    try {
      return this.#hooks?.isBusy?.(ws) === true;
    } catch (error) {
      warn("isBusy", error);
      ws.close(1012);
      return true;
    }
  }

  #leave(socket: Socket, hooks: WebSocketHooks<State>): Uint8Array | undefined {
    const known = this.#bySocket.get(socket);
    // Closed while it was on its way: its last frame is sent by the child, and that was all.
    if (known === undefined || known.ws.readyState !== 1) return undefined;
    const { ws, request } = known;
    const parcel = {
      handshake: handshakeOf(ws, request),
      binaryType: ws.binaryType as Parcel["binaryType"],
      paused: ws.isPaused,
    };
    let bytes: Uint8Array;
    try {
      if (!hasSentAll(ws))
        throw new Error("a Blob was sent in that very moment, which takes a while to read");
      if (!hasReadWhole(ws)) throw new Error("part of a message was read while it was on its way");
      bytes = encodeParcel({ ...parcel, state: hooks.exportState(ws, request) });
      if (bytes.length > stateBytesMax)
        throw new Error(`it is ${bytes.length} bytes of JSON, and ${stateBytesMax} are the most`);
    } catch (error) {
      warn("exportState", error);
      bytes = encodeParcel({ ...parcel, close: true });
    }
    this.#forget(ws, socket);
    silence(ws, this.#server);
    return bytes;
  }

  #arrive(socket: Socket, bytes: Uint8Array, hooks: WebSocketHooks<State>): void {
    const parcel = decodeParcel(bytes);
    const adopted = parcel && adopt(this.#server, socket, parcel.handshake);
    if (adopted === undefined || parcel === undefined) {
      socket.destroy();
      return;
    }
    const { ws, request, same } = adopted;
    ws.binaryType = parcel.binaryType;
    if (parcel.paused) ws.pause();
    if (!same || parcel.close) {
      ws.on("error", () => {});
      ws.close(1012);
      return;
    }
    try {
      hooks.importState(ws, parcel.state as State, request);
    } catch (error) {
      warn("importState", error);
      ws.on("error", () => {});
      ws.close(1012);
      return;
    }
    this.add(ws, request);
  }
}

const stateBytesMax = 256 * 1024;

function handshakeOf(ws: WebSocket, request: IncomingMessage): Handshake {
  const { method = "GET", url = "/", headers } = request;
  return { method, url, headers, protocol: ws.protocol, extensions: extensionsOf(ws) };
}

function warn(hook: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`a WebSocket is closed with 1012: ${hook}: ${reason}`, {
    type: "HeirloomWarning",
    ...(error instanceof Error && error.stack !== undefined && { detail: error.stack }),
  });
}
