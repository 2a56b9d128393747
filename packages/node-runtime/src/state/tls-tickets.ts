import type { Server } from "node:net";
import type { Server as TlsServer } from "node:tls";
import type { Listeners } from "../listener/registry.js";
import { adoptSessionIdContext, hasOwnTicketKeys, sessionIdContextOf } from "../node-internals.js";
import { type Carried, type IncomingState, reservedPrefix } from "./carry-options.js";

/** Bytes of a server's ticket keys: a name, an HMAC key and an AES key. */
const keysBytes = 48;

interface Tickets {
  readonly keys: string;
  readonly context?: string;
}

/**
 * Carries the keys of TLS session tickets, so that clients resume their sessions with the next generation.
 * @see spec/v1/state.md
 */
export class TlsTickets implements Carried {
  readonly name = `${reservedPrefix}tls-tickets`;
  readonly version = 1;
  readonly oldestVersion = 1;
  // An application may change its keys at any time: only the final ones are of use.
  readonly warm = undefined;
  readonly #listeners: Listeners;
  readonly #log: (line: string) => void;

  constructor(listeners: Listeners, log: (line: string) => void) {
    this.#listeners = listeners;
    this.#log = log;
  }

  get applies(): boolean {
    return this.#servers.length > 0;
  }

  readonly export = () => Buffer.from(JSON.stringify(this.#export()));
  readonly import = (state: IncomingState) => this.#import(state);

  get #servers(): [name: string, server: TlsServer][] {
    return this.#listeners.servers.flatMap(([name, server]) => (isSecure(server) ? [[name, server]] : []));
  }

  #export(): Record<string, Tickets> {
    const tickets = this.#servers.map(([name, server]): [string, Tickets] => {
      const context = sessionIdContextOf(server)?.value;
      return [name, { keys: server.getTicketKeys().toString("base64"), ...(context && { context }) }];
    });
    return Object.fromEntries(tickets);
  }

  async #import(state: IncomingState): Promise<void> {
    let all: unknown;
    try {
      all = JSON.parse(Buffer.from(await state.bytes()).toString());
    } catch (error) {
      // What is no JSON is another implementation's: clients then make new sessions, and that is all.
      if (error instanceof SyntaxError) return;
      throw error;
    }
    for (const [name, server] of this.#servers) {
      const tickets = ticketsIn(all, name);
      if (tickets !== undefined) this.#adopt(name, server, tickets);
    }
  }

  #adopt(name: string, server: TlsServer, { keys, context }: Tickets): void {
    const bytes = Buffer.from(keys, "base64");
    if (bytes.length !== keysBytes || hasOwnTicketKeys(server)) return;
    server.setTicketKeys(bytes);
    const own = sessionIdContextOf(server);
    if (context === undefined || own === undefined || own.value === context || own.isExplicit) return;
    if (adoptSessionIdContext(server, context)) return;
    this.#log(
      `clients of listener ${name} will not resume their TLS sessions: this version of Node takes the sessionIdContext of a server from its command line; give one to the server`,
    );
  }
}

function isSecure(server: Server): server is TlsServer {
  return "getTicketKeys" in server && "setTicketKeys" in server;
}

function ticketsIn(all: unknown, name: string): Tickets | undefined {
  if (all === null || typeof all !== "object" || !Object.hasOwn(all, name)) return undefined;
  const one = (all as Record<string, unknown>)[name];
  if (one === null || typeof one !== "object") return undefined;
  const { keys, context } = one as Partial<Tickets>;
  if (typeof keys !== "string" || (context !== undefined && typeof context !== "string")) return undefined;
  return { keys, ...(context !== undefined && { context }) };
}
