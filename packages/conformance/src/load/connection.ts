import { connect, type Socket } from "node:net";

export type Target = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Who {
  readonly pid: number;
  readonly generation: number;
}

/** How a connection ended before its answer was whole. */
export type Failure = "refused" | "reset" | "truncated" | "late" | "wrong";

const patienceMs = 20_000;

/** An HTTP/1.1 connection written by hand, so that no library hides, or tries again, what happens to it. */
export class Connection {
  /**
   * When it was begun, as performance.now() tells. Not when it was complete: this process hears of that at some later
   * time, in any order with what else has happened meanwhile.
   */
  readonly begunAt = performance.now();
  #isConnected = false;
  #port: number | undefined;
  #socket: Socket;
  #received = "";
  #ended: Failure | undefined;
  #wake: () => void = () => {};

  private constructor(target: Target) {
    this.#socket = connect({ ...target, noDelay: true });
    this.#socket.setEncoding("latin1").on("data", (text) => {
      this.#received += text;
      this.#wake();
    });
    this.#socket.once("connect", () => {
      this.#isConnected = true;
      this.#port = this.#socket.localPort;
      this.#wake();
    });
    this.#socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      this.#end(code === "ECONNREFUSED" || code === "ENOENT" ? "refused" : "reset");
    });
    this.#socket.on("end", () => this.#end("truncated"));
    this.#socket.on("close", () => this.#end("truncated"));
  }

  static async open(target: Target): Promise<Connection> {
    const connection = new Connection(target);
    await connection.#until(() => connection.#isConnected || connection.#ended !== undefined);
    return connection;
  }

  /** The client's own, once it is connected over TCP. */
  get port(): number | undefined {
    return this.#port;
  }

  /** One request. `closes`: whether the server says that it is this connection's last. */
  async get(path: string, closing = false): Promise<{ who: Who; closes: boolean } | Failure> {
    this.#received = "";
    const connection = closing ? "Connection: close\r\n" : "";
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: conformance\r\n${connection}\r\n`);
    let answer = this.#parse();
    const inTime = await this.#until(() => {
      answer = this.#parse();
      return answer !== undefined || this.#ended !== undefined;
    });
    if (answer === undefined) return inTime ? (this.#ended ?? "late") : "late";
    try {
      const who = JSON.parse(answer.body) as Who;
      return answer.status === 200 && who.pid > 0 ? { who, closes: answer.closes } : "wrong";
    } catch {
      return "wrong";
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(how: Failure): void {
    this.#ended ??= how;
    this.#wake();
  }

  #parse(): { status: number; closes: boolean; body: string } | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.#received.slice(0, end + 2);
    const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? Number.NaN);
    const body = this.#received.slice(end + 4);
    if (!(body.length >= length)) return undefined;
    return { status: Number(head.slice(9, 12)), closes: /^connection: *close\r$/im.test(head), body };
  }

  #until(seen: () => boolean): Promise<boolean> {
    if (seen()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (inTime: boolean) => {
        clearTimeout(patience);
        this.#wake = () => {};
        resolve(inTime);
      };
      const patience = setTimeout(() => settle(false), patienceMs);
      this.#wake = () => {
        if (seen()) settle(true);
      };
    });
  }
}

/** Who answers on a connection, which its server keeps open. */
export async function answerOn(connection: Connection): Promise<Who> {
  const answer = await connection.get("/whoami");
  if (typeof answer === "string") throw new Error(`a client that keeps its connection was ${answer}`);
  if (answer.closes) throw new Error(`generation ${answer.who.generation} closes a connection that can move`);
  return answer.who;
}

/** Who answers one client. */
export async function whoami(target: Target): Promise<Who> {
  const connection = await Connection.open(target);
  const answer = await connection.get("/whoami", true);
  connection.close();
  if (typeof answer === "string") throw new Error(`a client was ${answer}`);
  return answer.who;
}
