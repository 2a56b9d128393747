import { WebSocket } from "ws";
import { link } from "../../launcher/address.js";
import { connectFailureClass, type Target } from "../connection.js";
import { RequestFailure } from "../failure.js";
import { type RequestRecord, recordAttempt } from "../request.js";
import type { Client, ConnectionCounts, Kind, MessageCounts } from "./kind.js";

const DEADLINE_MS = 10_000;
/** Messages that are sent one right after the other, so that some are on their way when a WebSocket moves. */
const BURST = 3;
/** Close codes of a server that says that it leaves: going away, and service restart. */
const ORDERLY_CODES = [1001, 1012];

/** WebSockets that stay open: each numbers its messages, and counts which come back. */
export const webSockets: Kind = {
  name: "webSockets",
  clients: 20,
  thinkMs: { min: 0, max: 800 },
  newClient: (target) => new WebSocketClient(target),
};

interface Echo {
  /** How many messages the service has had on this WebSocket, this one included. */
  count: number;
  text: string;
}

interface Waiting {
  resolve: () => void;
  reject: (failure: RequestFailure) => void;
}

/** One WebSocket. A request of it is a few messages, each of which has to come back once and in order. */
export class WebSocketClient implements Client {
  readonly connections: ConnectionCounts = { opened: 0, closeAnnounced: 0, closedWhileIdle: 0 };
  readonly messages: MessageCounts = { sent: 0, lost: 0, doubled: 0 };
  readonly #url: string;
  #socket: WebSocket | undefined;
  /** Of this WebSocket: messages sent, and the number that was echoed last. */
  #sent = 0;
  #echoed = 0;
  #waiting: Waiting | undefined;
  /** What failed between two requests: it is the next one's. */
  #unasked: RequestFailure | undefined;

  constructor(target: Target) {
    this.#url = `${link(target).replace("http", "ws")}echo`;
  }

  get survives(): boolean {
    return this.connections.opened === 1 && this.#socket !== undefined;
  }

  request(): Promise<RequestRecord> {
    return recordAttempt(async () => {
      const unasked = this.#unasked;
      this.#unasked = undefined;
      if (unasked) throw unasked;
      await this.#sendBurst(this.#socket ?? (await this.#open()));
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.terminate();
  }

  #open(): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(this.#url, { handshakeTimeout: DEADLINE_MS, perMessageDeflate: false });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        reject(
          new RequestFailure(connectFailureClass(error.code), `connect: ${error.code ?? error.message}`),
        );
      });
      socket.once("open", () => {
        this.connections.opened += 1;
        this.#socket = socket;
        this.#sent = 0;
        this.#echoed = 0;
        socket.on("message", (data) => this.#onEcho(JSON.parse(String(data)) as Echo));
        socket.once("close", (code) => this.#onClosed(socket, code));
        resolve(socket);
      });
    });
  }

  async #sendBurst(socket: WebSocket): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        timer = setTimeout(() => {
          const missing = this.#sent - this.#echoed;
          this.#fail(
            new RequestFailure("deadlineExpired", `${missing} messages not echoed within ${DEADLINE_MS} ms`),
          );
        }, DEADLINE_MS);
        for (let message = 0; message < BURST; message += 1) {
          this.#sent += 1;
          this.messages.sent += 1;
          socket.send(String(this.#sent));
        }
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #onEcho({ count, text }: Echo): void {
    const number = Number(text);
    if (number <= this.#echoed) {
      this.messages.doubled += 1;
      this.#fail(new RequestFailure("wrongBody", `message ${number} was echoed twice`));
    } else if (number > this.#echoed + 1 || number > this.#sent) {
      this.#fail(new RequestFailure("wrongBody", `the echo of ${number} came after that of ${this.#echoed}`));
    } else if (count !== number) {
      this.#fail(new RequestFailure("wrongBody", `message ${number} is number ${count} to the service`));
    } else {
      this.#echoed = number;
      if (number === this.#sent) this.#waiting?.resolve();
    }
  }

  #onClosed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    if (this.#sent > this.#echoed) {
      this.#fail(
        new RequestFailure("keptAliveClosed", `closed with ${code}, ${this.#sent - this.#echoed} not echoed`),
      );
      return;
    }
    if (ORDERLY_CODES.includes(code)) this.connections.closeAnnounced += 1;
    else this.connections.closedWhileIdle += 1;
    this.close();
  }

  /** Gives this WebSocket up: what was not echoed by now is lost. */
  #fail(failure: RequestFailure): void {
    this.messages.lost += this.#sent - this.#echoed;
    this.#sent = this.#echoed;
    this.close();
    if (this.#waiting) this.#waiting.reject(failure);
    else this.#unasked = failure;
  }
}
