import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

/** What became of one request. Nothing is ever tried again. */
export type Outcome =
  | "ok"
  /** No connection: nobody listens. */
  | "refused"
  /** The connection was reset. */
  | "reset"
  /** It ended before the whole answer had come. */
  | "truncated"
  /** Whole, and not the answer to this request. */
  | "wrong"
  /** Nothing for too long. */
  | "timeout";

export interface Answer {
  readonly outcome: Outcome;
  /** 0 unless ok. */
  readonly generation: number;
  readonly closes: boolean;
}

const patienceMs = 15_000;

/** One request on a connection of its own. */
export async function request(target: Target): Promise<Answer> {
  const client = await KeptAlive.open(target);
  const answer = await client.whoami("Connection: close\r\n");
  client.close();
  return answer;
}

/** An HTTP/1.1 connection that is used again and again, by hand, so that no library hides what happens to it. */
export class KeptAlive {
  readonly socket: Socket;
  /** Set when the connection is over: how. */
  ended: "refused" | "reset" | "truncated" | undefined;
  received = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      this.ended ??= code === "ECONNREFUSED" || code === "ENOENT" ? "refused" : "reset";
      this.#wake();
    });
    for (const event of ["end", "close"] as const) {
      socket.on(event, () => {
        this.ended ??= "truncated";
        this.#wake();
      });
    }
  }

  /** Resolves when connected, or when that failed: see `ended`. */
  static async open(target: Target): Promise<KeptAlive> {
    const client = new KeptAlive(connect(target));
    await client.#until(() => !client.socket.connecting || client.ended !== undefined);
    return client;
  }

  async whoami(headers = ""): Promise<Answer> {
    const token = randomUUID();
    this.received = Buffer.alloc(0);
    this.socket.write(`GET /whoami?token=${token} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
    let answer = this.#parse();
    const inTime = await this.#until(() => {
      answer = this.#parse();
      return answer !== undefined || this.ended !== undefined;
    });
    if (answer === undefined) return failed(inTime ? (this.ended as Outcome) : "timeout");
    const { status, closes, body } = answer;
    const { generation, token: returned } = JSON.parse(body) as { generation: number; token: string };
    if (status !== 200 || returned !== token) return failed("wrong");
    return { outcome: "ok", generation, closes };
  }

  /** Waits until this much of the connection's raw text has come. False: it ended, or nothing came for too long. */
  async until(found: (received: string) => boolean): Promise<boolean> {
    await this.#until(() => found(this.received.toString("latin1")) || this.ended !== undefined);
    return found(this.received.toString("latin1"));
  }

  async untilEnded(): Promise<void> {
    if (!(await this.#until(() => this.ended !== undefined))) throw new Error("the connection stays open");
  }

  close(): void {
    this.socket.destroy();
  }

  #parse(): { status: number; closes: boolean; body: string } | undefined {
    const text = this.received.toString("latin1");
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) return undefined;
    const length = Number(/^content-length: (\d+)\r$/im.exec(text)?.[1] ?? 0);
    const body = text.slice(head + 4);
    if (body.length < length) return undefined;
    return {
      status: Number(text.slice(9, 12)),
      closes: /^connection: close\r$/im.test(text.slice(0, head + 2)),
      body,
    };
  }

  #until(seen: () => boolean): Promise<boolean> {
    if (seen()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      this.#wake = () => {
        if (!seen()) return;
        clearTimeout(timer);
        resolve(true);
      };
      if (this.socket.connecting) this.socket.once("connect", this.#wake);
    });
  }
}

function failed(outcome: Outcome): Answer {
  return { outcome, generation: 0, closes: false };
}
