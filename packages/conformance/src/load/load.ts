import { setTimeout } from "node:timers/promises";
import { Connection, type Failure, type Target, type Who } from "./connection.js";

export interface Failed {
  readonly how: Failure;
  /** When the connection was begun. */
  readonly begunAt: number;
  /** The process that answered on it before; undefined where it was the first request. */
  readonly server: number | undefined;
  /** The client's own. */
  readonly port: number | undefined;
}

export interface LoadResult {
  readonly answers: number;
  readonly failures: readonly Failed[];
  /** The processes that answered, in the order of their first answers. */
  readonly servers: readonly number[];
  /** Answers by a generation on a connection that was begun after a later generation had answered another. */
  readonly backwards: number;
}

const breathMs = 4;

/** A few clients that never try anything again: some with a connection for each request, some that keep theirs. */
export class Load {
  #stopped = false;
  #answers = 0;
  readonly #failures: Failed[] = [];
  readonly #servers: number[] = [];
  #backwards = 0;
  /** The latest generation that answered, and when it first did. */
  #latest = { generation: 0, at: 0 };
  readonly #running: Promise<unknown>;

  constructor(target: Target) {
    this.#running = Promise.all([this.#each(target), this.#each(target), this.#kept(target)]);
  }

  hasBeenServedBy(pid: number): boolean {
    return this.#servers.includes(pid);
  }

  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await this.#running;
    return {
      answers: this.#answers,
      failures: this.#failures,
      servers: this.#servers,
      backwards: this.#backwards,
    };
  }

  async #each(target: Target): Promise<void> {
    while (!this.#stopped) {
      const connection = await Connection.open(target);
      this.#count(connection, await connection.get("/whoami", true), undefined);
      connection.close();
      await setTimeout(breathMs);
    }
  }

  async #kept(target: Target): Promise<void> {
    while (!this.#stopped) {
      const connection = await Connection.open(target);
      let server: number | undefined;
      for (;;) {
        const answer = await connection.get("/whoami");
        this.#count(connection, answer, server);
        if (typeof answer === "string" || answer.closes || this.#stopped) break;
        server = answer.who.pid;
        await setTimeout(breathMs);
      }
      connection.close();
    }
  }

  #count(connection: Connection, answer: { readonly who: Who } | Failure, server: number | undefined): void {
    if (typeof answer === "string") {
      this.#failures.push({ how: answer, begunAt: connection.begunAt, server, port: connection.port });
      return;
    }
    this.#answers += 1;
    const { generation } = answer.who;
    if (generation > this.#latest.generation) this.#latest = { generation, at: performance.now() };
    else if (generation < this.#latest.generation && connection.begunAt > this.#latest.at)
      this.#backwards += 1;
    if (!this.#servers.includes(answer.who.pid)) this.#servers.push(answer.who.pid);
  }
}
