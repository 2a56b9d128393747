import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { eventually } from "./eventually.js";

/** A client that keeps its one connection, and neither opens another one nor asks anything twice. */
class Client {
  readonly #socket: Socket;
  readonly #fail: (what: string) => void;
  #received = "";
  #answered: (() => void) | undefined;
  #leaving = false;
  readonly #who: string;

  constructor(port: number, who: string, fail: (what: string) => void) {
    this.#who = who;
    this.#fail = fail;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1").on("data", (text: string) => this.#take(text));
    this.#socket.on("error", ({ message }) => this.#lose(message));
    this.#socket.on("end", () => this.#lose("closed by the server"));
    this.#socket.on("close", () => this.#lose("closed"));
  }

  connected(): Promise<unknown> {
    return once(this.#socket, "connect");
  }

  get lost(): boolean {
    return this.#socket.destroyed || this.#leaving;
  }

  /** Resolves once the answer has come whole, or the connection is lost. */
  async ask(path: string): Promise<void> {
    if (this.lost) return;
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await answered;
  }

  leave(): void {
    this.#leaving = true;
    this.#socket.destroy();
  }

  #take(text: string): void {
    if (this.#answered === undefined) this.#lose(`was sent what it did not ask for: ${text}`);
    this.#received += text;
    const head = this.#received.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/^content-length: *(\d+)\r$/im.exec(this.#received.slice(0, head + 2))?.[1]);
    const over = this.#received.length - (head + 4 + length);
    if (over < 0) return;
    const whole = over === 0 && this.#received.startsWith("HTTP/1.1 200 ");
    if (!whole) this.#lose(`was answered ${this.#received}`);
    else if (/^connection: *close\r$/im.test(this.#received)) this.#lose("was told to close");
    this.#received = "";
    this.#done();
  }

  #lose(how: string): void {
    if (!this.#leaving) {
      const when = this.#answered === undefined ? "while idle" : "while it waited";
      this.#fail(`${this.#who} ${when}: ${how}`);
    }
    this.leave();
    this.#done();
  }

  #done(): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.();
  }
}

export interface KeptAlive {
  /** Resolves once every client that thinks has been answered this many times more. */
  more(count: number): Promise<void>;
  /** Asks once on every idle connection, and on one that had not been used; resolves with all that was ever lost. */
  stop(): Promise<readonly string[]>;
}

/**
 * Clients that keep their connections: some think between two requests, so that each restart finds them idle and busy;
 * others have asked once, or not at all, and stay silent until the end.
 */
export async function keepAlive(
  port: number,
  path: string,
  { thinking = 8, idle = 8, unused = 2 } = {},
): Promise<KeptAlive> {
  const losses: string[] = [];
  const make = (who: string) => new Client(port, who, (what) => losses.push(what));
  const group = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => make(`${name} ${i}`));
  const [thinkers, silent, fresh] = [
    group("thinking", thinking),
    group("idle", idle),
    group("unused", unused),
  ];
  await Promise.all([...thinkers, ...silent, ...fresh].map((client) => client.connected()));
  await Promise.all(silent.map((client) => client.ask(path)));
  const answers = thinkers.map(() => 0);
  let stopped = false;
  const running = Promise.all(
    thinkers.map(async (client, i) => {
      while (!stopped && !client.lost) {
        await client.ask(path);
        answers[i] = (answers[i] ?? 0) + 1;
        // Some are nearly always busy and some nearly always idle.
        await new Promise((thought) => setTimeout(thought, 2 ** i));
      }
    }),
  );
  return {
    async more(count) {
      const wanted = answers.map((answered) => answered + count);
      await eventually(
        "kept-alive clients are answered",
        () => losses.length > 0 || answers.every((answered, i) => answered >= (wanted[i] ?? 0)),
      );
    },
    async stop() {
      stopped = true;
      await running;
      await Promise.all([...silent, ...fresh].map((client) => client.ask(path)));
      for (const client of [...thinkers, ...silent, ...fresh]) client.leave();
      return losses;
    },
  };
}
