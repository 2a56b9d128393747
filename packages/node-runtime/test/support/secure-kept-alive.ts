import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Target } from "./client.js";

/** A strict HTTPS client that keeps its connection, and its own side of it until `socket.end()`. */
export class SecureKeptAlive {
  readonly socket: TLSSocket;
  received = "";
  /** How the service ended the connection. */
  ended: "closed" | string | undefined;
  #wake = () => {};

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const end = (how: string) => {
      this.ended ??= how;
      this.#wake();
    };
    socket.setEncoding("utf8").on("data", (text: string) => {
      this.received += text;
      this.#wake();
    });
    socket.on("end", () => end("closed"));
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  }

  static async open(target: Target): Promise<SecureKeptAlive> {
    // What the types leave out, the socket underneath takes.
    const options = { ...target, rejectUnauthorized: false, allowHalfOpen: true };
    const socket = connect(options as ConnectionOptions);
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    return new SecureKeptAlive(socket);
  }

  /** Sends a request, and resolves with what is answered, or with how the connection ended instead. */
  async ask(path: string): Promise<string> {
    this.received = "";
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    await this.until(() => this.received.endsWith("}") || this.ended !== undefined);
    return this.received || (this.ended as string);
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (holds()) resolve();
      };
      this.#wake();
    });
  }
}
