import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";
import type { Target } from "../../../node-runtime/test/support/client.js";
import { eventually } from "../../../node-runtime/test/support/eventually.js";

/** What a client counts of numbered messages: anything but the next number is lost or doubled. */
interface Numbers {
  last: number;
  lost: number;
  doubled: number;
}

function take(numbers: Numbers, number: number): void {
  if (number <= numbers.last) numbers.doubled += 1;
  else numbers.lost += number - numbers.last - 1;
  numbers.last = Math.max(numbers.last, number);
}

export interface Said {
  readonly generation: number;
  readonly tick?: number;
  readonly answer?: number;
  readonly received?: number;
  readonly url?: string;
  readonly clients?: number;
  readonly protocol?: string;
}

/** A client that numbers what it sends, and counts what comes back and what comes by itself. It never connects again. */
export class NumberedClient {
  readonly ws: WebSocket;
  readonly answers: Numbers = { last: 0, lost: 0, doubled: 0 };
  readonly ticks: Numbers = { last: 0, lost: 0, doubled: 0 };
  readonly said: Said[] = [];
  sent = 0;
  /** The server's own count disagreed with this side's. */
  miscounted = 0;
  closed: number | undefined;
  received = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on("message", (data, isBinary) => {
      this.received += (data as Buffer).length;
      if (isBinary || (data as Buffer)[0] !== 0x7b) return;
      const said = JSON.parse(data.toString()) as Said;
      if (said.tick !== undefined) take(this.ticks, said.tick);
      if (said.answer !== undefined) {
        take(this.answers, said.answer);
        if (said.received !== said.answer) this.miscounted += 1;
      }
      if (said.tick === undefined) this.said.push(said);
    });
    ws.on("close", (code) => {
      this.closed = code;
    });
    ws.on("error", () => {});
  }

  static async open(target: Target, options: ClientOptions = {}): Promise<NumberedClient> {
    const { host, port } = target as { host: string; port: number };
    const ws = new WebSocket(`ws://${host}:${port}/live?client`, ["chat"], options);
    const client = new NumberedClient(ws);
    await once(ws, "open");
    return client;
  }

  get isWhole(): boolean {
    const { answers, ticks, miscounted, closed } = this;
    return (
      closed === undefined && answers.lost + answers.doubled + ticks.lost + ticks.doubled + miscounted === 0
    );
  }

  send(more = ""): number {
    this.sent += 1;
    this.ws.send(`${this.sent} ${more}`);
    return this.sent;
  }

  /** Sends without a pause, each message a while after the last: `breathMs` at most. */
  begin(breathMs: number): void {
    this.#timer = setTimeout(() => {
      this.send();
      this.begin(breathMs);
    }, Math.random() * breathMs);
  }

  /** Waits until everything that was sent is answered. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    await eventually(`all of ${this.sent} messages are answered, not ${this.answers.last}`, () =>
      this.closed === undefined ? this.answers.last === this.sent : true,
    );
  }

  async ask(): Promise<Said> {
    const { length } = this.said;
    this.ws.send("who");
    await eventually(
      "the server says who it is",
      () => this.said.length > length || this.closed !== undefined,
    );
    return this.said.at(-1) as Said;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.ws.terminate();
  }
}
