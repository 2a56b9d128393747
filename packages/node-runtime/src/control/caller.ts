import type { Socket } from "node:net";
import { type ControlAnswer, requestBytesMax } from "./message.js";
import { RequestError } from "./request.js";

/** Whoever asked. */
export interface Caller {
  /** One answer of several. */
  say(answer: ControlAnswer): void;
  /** The last answer. */
  end(answer: ControlAnswer): void;
  /** Calls back when the caller has gone, or was given its last answer. */
  gone(callback: () => void): void;
  /** Calls back when the caller will say nothing more. It may listen still, or have gone: what it is told next shows. */
  silent(callback: () => void): void;
}

/** How long a caller may take to say what it wants, and to leave once it was given its last answer. */
const requestDeadlineMs = 10_000;
/** How far behind a caller may be in reading, in bytes. */
const unreadBytesMax = 1_048_576;

/** One connection to the control socket: a request in a line, answers in lines. Never keeps the process running. */
export class SocketCaller implements Caller {
  readonly #socket: Socket;
  readonly #gone: (() => void)[] = [];
  #over = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.unref();
    // Whoever is gone is gone: `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#finish());
  }

  /** Calls back with the first line, or with what is wrong with it. */
  read(taken: (line: string) => void): void {
    let received = Buffer.alloc(0);
    const late = setTimeout(
      () =>
        this.refuse(new RequestError("REQUEST_LATE", `no whole line came within ${requestDeadlineMs} ms`)),
      requestDeadlineMs,
    ).unref();
    this.gone(() => clearTimeout(late));
    const take = (chunk: Buffer) => {
      if (this.#over) return;
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\n");
      if (end < 0 && received.length < requestBytesMax) return;
      clearTimeout(late);
      // What comes after the request is read, so that its end is seen, and ignored.
      this.#socket.off("data", take).resume();
      if (end < 0 || end >= requestBytesMax) {
        this.refuse(
          new RequestError("REQUEST_TOO_LONG", `a request is one line of at most ${requestBytesMax} bytes`),
        );
      } else taken(received.toString("utf8", 0, end));
    };
    this.#socket.on("data", take);
    this.#socket.once("end", () => {
      // Whoever only looked whether somebody listens is gone, and takes no place of those who ask.
      if (received.length === 0) this.#socket.destroy();
      // Sent without a newline, and complete all the same.
      else if (!received.includes("\n")) take(Buffer.from("\n"));
    });
  }

  say(answer: ControlAnswer): void {
    if (this.#over) return;
    if (this.#socket.writableLength > unreadBytesMax) this.#socket.destroy();
    else this.#socket.write(`${JSON.stringify(answer)}\n`);
  }

  end(answer: ControlAnswer): void {
    this.say(answer);
    this.#finish();
    // What it says still is read, so that its end is seen.
    this.#socket.resume().end();
    const overdue = setTimeout(() => this.#socket.destroy(), requestDeadlineMs).unref();
    this.#socket.once("close", () => clearTimeout(overdue));
  }

  refuse({ code, message }: RequestError): void {
    this.end({ type: "error", code, message });
  }

  gone(callback: () => void): void {
    this.#gone.push(callback);
  }

  silent(callback: () => void): void {
    this.#socket.once("end", callback);
  }

  #finish(): void {
    this.#over = true;
    for (const callback of this.#gone.splice(0)) callback();
  }
}
