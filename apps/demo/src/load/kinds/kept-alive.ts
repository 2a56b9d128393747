import { Connection, type Target } from "../connection.js";
import { type RequestRecord, record } from "../request.js";
import { whoamiRequest } from "../whoami.js";
import type { Client, ConnectionCounts, Kind } from "./kind.js";

/**
 * Clients that keep their connection and think between two requests, well below the time after which the service
 * may close an idle connection: whatever closes one earlier is the restart.
 */
export const keptAlive: Kind = {
  name: "keptAlive",
  clients: 30,
  thinkMs: { min: 0, max: 800 },
  newClient: (target) => new KeptAliveClient(target),
};

export class KeptAliveClient implements Client {
  readonly connections: ConnectionCounts = { opened: 0, closeAnnounced: 0, closedWhileIdle: 0 };
  #connection: Connection | undefined;

  constructor(readonly target: Target) {}

  get survives(): boolean {
    const connection = this.#connection;
    return this.connections.opened === 1 && connection !== undefined && !connection.closedWhileIdle;
  }

  async request(): Promise<RequestRecord> {
    const request = whoamiRequest(this.target, "keep-alive");
    const result = await record(request, async () => {
      const connection = this.#open() ?? (await this.#reopen(request.deadlineMs));
      return connection.exchange(request.write, request.deadlineMs);
    });
    if (result.failure) this.close();
    return result;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** The connection, if as far as this client can know it is still good for a request. */
  #open(): Connection | undefined {
    if (this.#connection?.closeAnnounced) this.connections.closeAnnounced += 1;
    else if (this.#connection?.closedWhileIdle) this.connections.closedWhileIdle += 1;
    else return this.#connection;
    this.close();
    return undefined;
  }

  async #reopen(deadlineMs: number): Promise<Connection> {
    this.#connection = await Connection.open(this.target, deadlineMs);
    this.connections.opened += 1;
    return this.#connection;
  }
}
