import type { EventEmitter } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Address } from "@heirloom/protocol";
import { allowCloseEvent, netServer } from "../node-internals.js";
import { isIPv6Literal } from "./address.js";

/**
 * What a program that calls `listen()` itself sees of its server. A generation accepts later than the program asked to,
 * and parks before the program is over; the program sees a server that listens from its `listening` event, which
 * comes once, to its own `close()`.
 */
export class StandIn {
  readonly #server: Server;
  readonly #address: AddressInfo | string;
  /** Gives the listener up; false where the generation wants its socket still, and only the program is done with it. */
  readonly #giveUp: () => boolean;
  #closed = false;

  constructor(server: Server, address: Address, giveUp: () => boolean) {
    this.#server = server;
    this.#address = nodeAddress(address);
    this.#giveUp = giveUp;
    const own = {
      listening: { get: () => !this.#closed },
      address: { value: () => (this.#closed ? null : this.#address) },
      close: { value: (callback?: (error?: Error) => void) => this.#close(callback) },
      emit: {
        // Node's own `listening` comes with every accept: the program heard of it, or is told by `emitListening`.
        value: (event: string | symbol, ...args: unknown[]) =>
          event !== "listening" && emit(server, event, ...args),
      },
    };
    for (const [name, property] of Object.entries(own)) {
      Object.defineProperty(server, name, { configurable: true, enumerable: false, ...property });
    }
  }

  /** Whether the program has closed the server: it must not accept again. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Tells the program that its server listens. */
  emitListening(): void {
    if (!this.#closed) emit(this.#server, "listening");
  }

  /** Gives the server back to itself. */
  remove(): void {
    for (const name of ["listening", "address", "close", "emit"]) Reflect.deleteProperty(this.#server, name);
  }

  #close(callback: ((error?: Error) => void) | undefined): Server {
    const server = this.#server;
    if (this.#closed) return prototypeOf(server).close.call(server, callback);
    this.#closed = true;
    const given = this.#giveUp();
    // A socket that listens is closed as Node does it, with all that the kind of server does on the way.
    if (given && netServer.isListening(server)) {
      this.remove();
      return server.close(callback);
    }
    // Otherwise there is nothing to close but the program's view of it. Connections are the generation's to finish.
    if (callback !== undefined) server.once("close", () => callback());
    if (given) this.remove();
    allowCloseEvent(server);
    netServer.close.call(server);
    return server;
  }
}

function prototypeOf(server: Server): Server {
  return Object.getPrototypeOf(server) as Server;
}

function emit(server: Server, event: string | symbol, ...args: unknown[]): boolean {
  return (prototypeOf(server) as EventEmitter).emit.call(server, event, ...args);
}

function nodeAddress(address: Address): AddressInfo | string {
  if (address.kind === "unix") return address.path;
  const { host, port } = address;
  return { address: host, family: isIPv6Literal(host) ? "IPv6" : "IPv4", port };
}
