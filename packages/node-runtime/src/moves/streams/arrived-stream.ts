import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { awaitNextRequest } from "./next-request.js";
import { markAsResponding, unmarkAsResponding } from "./responding.js";

/** How a response's end is told on its connection. */
export interface Framing {
  /** In chunks; otherwise the response ends with its connection. */
  readonly chunked: boolean;
  /** Whether the connection goes on with the next request. */
  readonly keepsAlive: boolean;
}

/**
 * The rest of a response whose head was sent by an earlier generation. What is written to it is sent as the response's
 * next bytes, `end` ends the response, and `close` tells that the client has gone, as with a response of one's own.
 */
export class ArrivedStream extends Writable {
  /** The client's connection. Read from it and write to it through this stream only. */
  readonly socket: Socket;
  readonly #server: Server;
  readonly #framing: Framing;
  readonly #listeners = {
    data: (bytes: Buffer) => {
      // The next request, before this one is answered: its turn comes afterwards.
      this.socket.pause();
      this.socket.unshift(bytes);
      this.socket.removeListener("data", this.#listeners.data);
    },
    end: () => this.destroy(),
    close: () => this.destroy(),
    drain: () => this.#written?.(),
  };
  #written: (() => void) | undefined;

  /** @internal */
  constructor(socket: Socket, server: Server, framing: Framing) {
    super();
    this.socket = socket;
    this.#server = server;
    this.#framing = framing;
    markAsResponding(socket, this);
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
  }

  get framing(): Framing {
    return this.#framing;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#send(chunk)) done();
    else {
      this.#written = () => {
        this.#written = undefined;
        done();
      };
    }
  }

  override _final(done: () => void): void {
    if (this.#framing.chunked) this.socket.write("0\r\n\r\n");
    this.#leave();
    if (this.#framing.keepsAlive) awaitNextRequest(this.#server, this.socket);
    else this.socket.end(() => this.socket.resume());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished && !this.#left) {
      this.#leave();
      this.socket.destroy();
    }
    done(error);
  }

  /** Its connection goes on without it. */
  #leave(): void {
    this.#left = true;
    unmarkAsResponding(this.socket);
    for (const [event, listener] of Object.entries(this.#listeners))
      this.socket.removeListener(event, listener);
  }
  #left = false;

  #send(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (!this.#framing.chunked) return this.socket.write(chunk);
    this.socket.cork();
    this.socket.write(`${chunk.length.toString(16)}\r\n`);
    this.socket.write(chunk);
    const more = this.socket.write("\r\n");
    this.socket.uncork();
    return more;
  }
}
