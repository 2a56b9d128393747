import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { WebSocket, WebSocketServer } from "ws";

/*
 * The private parts of ws that this package touches, all of them. test/ws-internals.test.ts fails where a version of ws has
 * changed one. A socket of a version that looks different does not move: it is closed as if there were no hooks.
 */

interface Internals {
  readonly _socket: Socket | null;
  readonly _receiver: {
    /** 0: waits for the head of a frame. */
    readonly _state: number;
    readonly _bufferedBytes: number;
    /** The opcode of a message of which a part has come; 0: none. */
    readonly _fragmented: number;
    readonly writableLength: number;
  };
  readonly _sender: {
    /** 0: neither compresses nor reads a blob. */
    readonly _state: number;
    readonly _queue: readonly unknown[];
    readonly _bufferedBytes: number;
    /** False in the middle of a message that is sent in parts. */
    readonly _firstFragment: boolean;
  };
  readonly _extensions: Readonly<Record<string, { readonly params?: Readonly<Record<string, unknown>> }>>;
  readonly _paused: boolean;
  _readyState: number;
  emitClose: () => void;
}

const open = 1;
const closed = 3;
const deflate = "permessage-deflate";

/** The connection of a WebSocket, where this version of ws is known and the connection is one of the system's own. */
export function socketOf(ws: WebSocket): Socket | undefined {
  const { _socket: socket } = internals(ws);
  return socket instanceof Socket && isKnown(ws) ? socket : undefined;
}

/** Whether everything about this WebSocket is where it is looked for. */
export function isKnown(ws: WebSocket): boolean {
  const {
    _receiver: receiver,
    _sender: sender,
    _extensions,
    _paused,
    _readyState,
    emitClose,
  } = internals(ws);
  return (
    typeof receiver?._state === "number" &&
    typeof receiver._bufferedBytes === "number" &&
    typeof receiver._fragmented === "number" &&
    typeof receiver.writableLength === "number" &&
    typeof sender?._state === "number" &&
    Array.isArray(sender._queue) &&
    typeof sender._bufferedBytes === "number" &&
    typeof sender._firstFragment === "boolean" &&
    typeof _extensions === "object" &&
    typeof _paused === "boolean" &&
    typeof _readyState === "number" &&
    typeof emitClose === "function"
  );
}

/** Whether a WebSocket is open, and neither side is in the middle of a message, whole or in parts. */
export function isBetweenMessages(ws: WebSocket): boolean {
  const { _sender: sender } = internals(ws);
  return (
    ws.readyState === open &&
    hasReadWhole(ws) &&
    hasSentAll(ws) &&
    sender._bufferedBytes === 0 &&
    sender._firstFragment
  );
}

/** Whether nothing has been read of a message that is not whole. */
export function hasReadWhole(ws: WebSocket): boolean {
  const { _receiver: receiver } = internals(ws);
  return (
    receiver._state === 0 &&
    receiver._bufferedBytes === 0 &&
    receiver._fragmented === 0 &&
    receiver.writableLength === 0
  );
}

/** Whether each message is compressed by itself, if at all: otherwise the compressor's memory would stay behind. */
export function isStateless(ws: WebSocket): boolean {
  return Object.entries(internals(ws)._extensions).every(
    ([name, { params }]) =>
      name === deflate &&
      params?.server_no_context_takeover === true &&
      params.client_no_context_takeover === true,
  );
}

/**
 * Sends uncompressed, which is allowed at any time, as long as `whenever` says so: compressing takes a while, and what is being
 * compressed could not travel.
 */
export function sendPlainly(ws: WebSocket, whenever: () => boolean): void {
  if (Object.keys(internals(ws)._extensions).length === 0) return;
  const send = ws.send as (data: unknown, options: object, done?: (error?: Error) => void) => void;
  ws.send = (data: unknown, options?: unknown, done?: unknown) => {
    const callback = (typeof options === "function" ? options : done) as
      | ((error?: Error) => void)
      | undefined;
    const given = typeof options === "object" ? options : {};
    send.call(ws, data, whenever() ? { ...given, compress: false } : { ...given }, callback);
  };
}

/** Whether nothing that the application has sent is still on its way to the socket. */
export function hasSentAll(ws: WebSocket): boolean {
  const { _sender: sender } = internals(ws);
  return sender._state === 0 && sender._queue.length === 0;
}

/** From here on the WebSocket is closed in this process, and says so to nobody: it goes on in another one. */
export function silence(ws: WebSocket, server: WebSocketServer): void {
  const silenced = internals(ws);
  silenced.emitClose = () => {
    silenced._readyState = closed;
  };
  silenced._readyState = closed;
  // What the server would do on its `close`.
  server.clients?.delete(ws);
}

/** What a WebSocket was begun with. */
export interface Handshake {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly protocol: string;
  readonly extensions: string;
}

export interface Adopted {
  readonly ws: WebSocket;
  readonly request: IncomingMessage;
  /** Whether both sides agree on the same as before. */
  readonly same: boolean;
}

/**
 * Makes a WebSocket of a connection whose handshake is over, with the server's own options: by the server's own
 * `handleUpgrade`, whose answer reaches nobody, and whose questions to the application were answered then. Undefined: the
 * server takes none.
 */
export function adopt(server: WebSocketServer, socket: Socket, handshake: Handshake): Adopted | undefined {
  const { method, url, headers, protocol } = handshake;
  const request = Object.assign(new IncomingMessage(socket), { method, url, headers });
  request.rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  const { options } = server as unknown as { options: object };
  const stillServer: WebSocketServer = Object.create(server, {
    options: { value: { ...options, verifyClient: null, handleProtocols: () => protocol || false } },
    shouldHandle: { value: () => true },
    listenerCount: { value: () => 0 },
    emit: {
      value: (event: string, ...rest: unknown[]) => event === "headers" || server.emit(event, ...rest),
    },
  });
  let answer = "";
  let ws: WebSocket | undefined;
  const listen = (text: unknown) => {
    answer += String(text);
    return true;
  };
  Object.defineProperty(socket, "write", { value: listen, configurable: true, writable: true });
  Object.defineProperty(socket, "end", { value: listen, configurable: true, writable: true });
  try {
    stillServer.handleUpgrade(request, socket, Buffer.alloc(0), (made) => {
      ws = made;
    });
  } finally {
    delete (socket as Partial<Socket>).write;
    delete (socket as Partial<Socket>).end;
  }
  if (ws === undefined || !answer.startsWith("HTTP/1.1 101 ")) return undefined;
  const same = extensionsOf(ws) === handshake.extensions && ws.protocol === protocol;
  return { ws, request, same };
}

/** What was agreed on about extensions, as it is said in a handshake. */
export function extensionsOf(ws: WebSocket): string {
  return Object.entries(internals(ws)._extensions)
    .map(([name, { params = {} }]) => {
      const said = Object.entries(params).map(([key, value]) => `${key}=${String(value)}`);
      return [name, ...said.sort()].join(";");
    })
    .join();
}

function internals(ws: WebSocket): Internals {
  return ws as unknown as Internals;
}
