import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { now } from "../now.js";
import { TLS_KEY, TLS_OPTIONS } from "../victim/tls.js";
import type { Failure } from "./record.js";

/** What an answer is filled up with that is to be long. */
const SPACE = 0x20;

export class RequestFailed extends Error {
  constructor(
    readonly failure: Failure,
    message: string,
  ) {
    super(message);
  }
}

export type Target = { readonly port: number; readonly tls?: boolean } | { readonly path: string };

export interface Answer {
  readonly status: number;
  readonly closes: boolean;
  readonly body: string;
}

interface Exchange {
  resolve(answer: Answer): void;
  reject(failed: RequestFailed): void;
}

/** A strict HTTP/1.1 client connection: one request at a time, nothing is ever asked twice. */
export class Connection {
  readonly #socket: Socket;
  /** What has come of an answer. */
  #pieces: Buffer[] = [];
  #size = 0;
  /** How much it takes to go on with it. */
  #needed = 0;
  #lateMs = 0;
  #exchange: Exchange | undefined;
  #answers = 0;
  #ended: string | undefined;
  /** When the server closed it with nothing being asked; by the clock of the run. */
  closedIdleAt: number | undefined;
  /** Our own port. */
  readonly port: number | undefined;

  private constructor(socket: Socket, port: number | undefined) {
    this.#socket = socket;
    this.port = port;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("end", () => this.#end("closed"));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message));
    socket.on("close", () => this.#end("closed"));
  }

  /** `opened` gets our own port as soon as it is known: also where the handshake fails. */
  static open(target: Target, opened: (port: number | undefined) => void): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const raw = "path" in target ? connect(target.path) : connect({ port: target.port, host: "127.0.0.1" });
      let connected = false;
      let port: number | undefined;
      const socket = "path" in target || target.tls !== true ? raw : secured(raw);
      raw.once("connect", () => {
        connected = true;
        port = raw.localPort;
        opened(port);
        if (socket === raw) settle();
      });
      if (socket !== raw) socket.once("secureConnect", () => settle());
      const settle = () => {
        socket.off("error", failed);
        socket.off("close", closed);
        raw.off("error", failed);
        if (socket !== raw) raw.on("error", () => {});
        resolve(new Connection(socket, port));
      };
      const failed = (error: NodeJS.ErrnoException) => {
        socket.destroy();
        reject(
          new RequestFailed(failureOf(error.code, connected), `connect: ${error.code ?? error.message}`),
        );
      };
      const closed = () => failed(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
      raw.on("error", failed);
      if (socket !== raw) socket.on("error", failed);
      socket.once("close", closed);
    });
  }

  get usable(): boolean {
    return this.#ended === undefined && !this.#socket.destroyed;
  }

  /** `lateMs`: how long the answer lies, once its beginning was read. */
  request(write: (socket: Socket) => void, lateMs = 0): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#lateMs = lateMs;
      this.#exchange = { resolve, reject };
      if (this.#ended !== undefined) this.#fail(this.#ended);
      else write(this.#socket);
    });
  }

  close(): void {
    this.#exchange = undefined;
    this.#ended ??= "closed by the client";
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#keep(chunk);
    if (this.#exchange === undefined) {
      this.#end("bytes that nobody asked for");
      return;
    }
    if (this.#lateMs > 0) this.#readLater();
    if (this.#size < this.#needed) return;
    const bytes = Buffer.concat(this.#pieces);
    const headEnd = bytes.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const head = bytes.toString("latin1", 0, headEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#end("an answer without a length");
      return;
    }
    this.#needed = headEnd + 4 + length;
    if (bytes.length < this.#needed) return;
    let end = this.#needed;
    while (bytes[end - 1] === SPACE) end -= 1;
    const answer = {
      status: Number(head.slice(9, 12)),
      closes: /\r\nconnection: close/i.test(head),
      body: bytes.toString("utf8", headEnd + 4, end),
    };
    const rest = bytes.subarray(this.#needed);
    this.#pieces = [];
    this.#size = 0;
    this.#needed = 0;
    this.#keep(rest);
    this.#answers += 1;
    const { resolve } = this.#exchange;
    this.#exchange = undefined;
    resolve(answer);
  }

  #keep(chunk: Buffer): void {
    if (chunk.length > 0) this.#pieces.push(chunk);
    this.#size += chunk.length;
  }

  #readLater(): void {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), this.#lateMs);
    this.#lateMs = 0;
  }

  #end(how: string): void {
    if (this.#ended === undefined && this.#exchange === undefined) {
      this.closedIdleAt = now();
    }
    this.#ended ??= how;
    this.#socket.destroy();
    if (this.#exchange !== undefined) this.#fail(how);
  }

  #fail(how: string): void {
    const failure =
      this.#size > 0 ? "truncated" : this.#answers > 0 ? "keptAliveClosed" : failureOf(how, true);
    this.#exchange?.reject(new RequestFailed(failure, how));
    this.#exchange = undefined;
  }
}

function secured(raw: Socket): Socket {
  return connectTls({
    ...TLS_OPTIONS,
    socket: raw,
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: TLS_KEY, identity: "chaos" }),
  });
}

function failureOf(code: string | undefined, connected: boolean): Failure {
  if (code === "ECONNREFUSED" || (code === "ENOENT" && !connected)) return "refused";
  if (code === "EAGAIN") return "refused";
  if (connected || code === "ECONNRESET" || code === "EPIPE") return "reset";
  return "other";
}
