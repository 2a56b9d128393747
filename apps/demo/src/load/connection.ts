import { connect, type Socket } from "node:net";
import { type FailureClass, RequestFailure } from "./failure.js";
import { type Response, ResponseReader } from "./response-reader.js";

export interface Target {
  host: string;
  port: number;
}

interface Exchange {
  reader: ResponseReader;
  resolve: (response: Response) => void;
  reject: (failure: RequestFailure) => void;
  timer: NodeJS.Timeout;
}

/** Writes a request's bytes; may take its time. Stops when the signal says that the exchange is over. */
export type RequestWriter = (
  write: (bytes: Buffer | string) => void,
  over: AbortSignal,
) => Promise<void> | void;

/**
 * A strict client connection: one request at a time, no retry, and each request ends with a complete response or with
 * exactly one failure.
 */
export class Connection {
  readonly #socket: Socket;
  #exchange: Exchange | undefined;
  #responses = 0;
  #closedBy: string | undefined;
  #unasked: RequestFailure | undefined;
  #closeAnnounced = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.#onClosed("closed by the server"));
    socket.on("error", (error: NodeJS.ErrnoException) => this.#onClosed(error.code ?? error.message));
    socket.on("close", () => this.#onClosed("closed"));
  }

  /** @throws RequestFailure refused, reset, deadlineExpired or other */
  static open(target: Target, deadlineMs: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...target, noDelay: true });
      const fail = (failureClass: FailureClass, message: string) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new RequestFailure(failureClass, message));
      };
      const timer = setTimeout(
        () => fail("deadlineExpired", `not connected within ${deadlineMs} ms`),
        deadlineMs,
      );
      const onError = (error: NodeJS.ErrnoException) => {
        fail(connectFailureClass(error.code), `connect: ${error.code ?? error.message}`);
      };
      socket.once("error", onError);
      socket.once("connect", () => {
        clearTimeout(timer);
        const connection = new Connection(socket);
        socket.off("error", onError);
        resolve(connection);
      });
    });
  }

  /** The server said `Connection: close` with its last response: an orderly end. */
  get closeAnnounced(): boolean {
    return this.#closeAnnounced;
  }

  /** The server has closed it, and the client has seen that before writing anything more. */
  get closedWhileIdle(): boolean {
    return this.#closedBy !== undefined && !this.#unasked;
  }

  /** @throws RequestFailure, of any class but refused */
  exchange(write: RequestWriter, deadlineMs: number): Promise<Response> {
    if (this.#exchange) throw new Error("one request at a time on a connection");
    const over = new AbortController();
    return new Promise<Response>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail("deadlineExpired", `no complete answer within ${deadlineMs} ms`);
      }, deadlineMs);
      this.#exchange = { reader: new ResponseReader(), resolve, reject, timer };
      if (this.#unasked) this.#fail(this.#unasked.failureClass, this.#unasked.message);
      else if (this.#closedBy !== undefined) this.#failClosed(this.#closedBy);
      else this.#write(write, over.signal);
    }).finally(() => over.abort());
  }

  close(): void {
    this.#socket.destroy();
  }

  #write(write: RequestWriter, over: AbortSignal): void {
    Promise.resolve(write((bytes) => this.#socket.write(bytes), over)).catch((error: Error) => {
      this.#fail("other", `writing the request: ${error.message}`);
    });
  }

  #onData(chunk: Buffer): void {
    if (!this.#exchange) {
      this.#unasked ??= new RequestFailure("wrongBody", `${chunk.length} bytes that nobody asked for`);
      return;
    }
    try {
      const response = this.#exchange.reader.feed(chunk);
      if (!response) return;
      this.#responses += 1;
      this.#closeAnnounced = response.headers.get("connection")?.toLowerCase() === "close";
      this.#takeExchange()?.resolve(response);
    } catch (failure) {
      if (!(failure instanceof RequestFailure)) throw failure;
      this.#fail(failure.failureClass, failure.message);
    }
  }

  #onClosed(how: string): void {
    this.#closedBy ??= how;
    if (this.#exchange) this.#failClosed(how);
  }

  #failClosed(how: string): void {
    const bytes = this.#exchange?.reader.bytesRead ?? 0;
    if (bytes > 0) this.#fail("truncated", `${how}, after ${bytes} bytes of the answer`);
    else if (this.#responses > 0)
      this.#fail("keptAliveClosed", `${how}, under request ${this.#responses + 1}`);
    else this.#fail("reset", `${how}, before the first byte of the answer`);
  }

  #fail(failureClass: FailureClass, message: string): void {
    this.#takeExchange()?.reject(new RequestFailure(failureClass, message));
    this.#socket.destroy();
  }

  #takeExchange(): Exchange | undefined {
    const exchange = this.#exchange;
    clearTimeout(exchange?.timer);
    this.#exchange = undefined;
    return exchange;
  }
}

/** What it means that a connection could not be opened. */
export function connectFailureClass(code: string | undefined): FailureClass {
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ECONNRESET" || code === "EPIPE") return "reset";
  if (code === "ETIMEDOUT") return "deadlineExpired";
  return "other";
}
