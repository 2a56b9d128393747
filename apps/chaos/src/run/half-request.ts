import { connect, type Socket } from "node:net";
import { now } from "../now.js";

const HALF_REQUEST = "POST / HTTP/1.1\r\nhost: victim\r\ncontent-length: 2\r\n\r\n1";

/** A connection that has to be cut. */
export class HalfRequest {
  /** When the other side did, by the clock of the run. */
  cutAt: number | undefined;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.once("close", () => {
      this.cutAt = now();
    });
  }

  static open(port: number): Promise<HalfRequest> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" });
      const request = new HalfRequest(socket);
      socket.on("error", () => {}).once("close", () => resolve(request));
      socket.once("connect", () => socket.write(HALF_REQUEST, () => resolve(request)));
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}
