import type { Socket } from "node:net";

/** How much a socket that is on its way may be given to write. Above that its connection ends. */
const heldBytesMax = 512 * 1024;

const methods = ["write", "end", "pause", "resume", "read"] as const;

type Callback = (error?: Error | null) => void;

interface HeldWrite {
  readonly bytes: Buffer;
  readonly callback: Callback | undefined;
}

/**
 * Keeps what is written to a socket while it is on its way to the child: whole or not at all, it is the child's to send.
 * Timers and other clients' messages make an application write at any time. For the same reason nobody reads from it: what waits in its
 * buffer travels along, and asking for more would make Node read on.
 */
export class HeldSocket {
  readonly #socket: Socket;
  readonly #writes: HeldWrite[] = [];
  #bytes = 0;
  #ended = false;
  /** What was last said of its reading. */
  #flow: "pause" | "resume" | undefined;
  #wasRead = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    replace(socket, "write", (chunk: unknown, ...rest: unknown[]) => {
      this.#hold(chunk, rest);
      return true;
    });
    replace(socket, "end", (...rest: unknown[]) => {
      if (rest[0] != null && typeof rest[0] !== "function") this.#hold(rest[0], rest.slice(1));
      this.#ended = true;
      return socket;
    });
    for (const flow of ["pause", "resume"] as const) {
      replace(socket, flow, () => {
        this.#flow = flow;
        return socket;
      });
    }
    replace(socket, "read", () => {
      this.#wasRead = true;
      return null;
    });
  }

  /** Whether the application has ended the socket meanwhile. */
  get ended(): boolean {
    return this.#ended;
  }

  get tooMuch(): boolean {
    return this.#bytes > heldBytesMax;
  }

  /** The socket stays: does what was held. */
  restore(): void {
    this.#restoreMethods();
    for (const { bytes, callback } of this.#writes) this.#socket.write(bytes, callback);
    if (this.#ended) this.#socket.end();
    if (this.#flow !== undefined) this.#socket[this.#flow]();
    // Who was told that there is nothing waits to hear of something.
    if (this.#wasRead && this.#socket.readableLength > 0) this.#socket.emit("readable");
  }

  /** The socket goes: what the child has to write first. */
  take(): Uint8Array {
    this.#restoreMethods();
    for (const { callback } of this.#writes) if (callback) process.nextTick(callback);
    return Buffer.concat(this.#writes.map(({ bytes }) => bytes));
  }

  #hold(chunk: unknown, rest: readonly unknown[]): void {
    const callback = rest.find((value): value is Callback => typeof value === "function");
    const encoding = typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : "utf8";
    // A copy: whoever wrote it may use its memory again.
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk as Uint8Array);
    this.#writes.push({ bytes, callback });
    this.#bytes += bytes.length;
  }

  #restoreMethods(): void {
    for (const name of methods) delete (this.#socket as Partial<Socket>)[name];
  }
}

function replace(socket: Socket, name: (typeof methods)[number], value: unknown): void {
  Object.defineProperty(socket, name, { value, configurable: true, writable: true });
}
