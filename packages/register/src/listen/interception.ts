import { errorMonitor } from "node:events";
import { type AddressInfo, Server } from "node:net";
import { type Address, type Generation, HandoffError, type StandIn } from "@heirloom/node-runtime";
import { type ListenRequest, readArguments } from "./request.js";

/** A listener that the program has. */
export interface ProgramListener {
  readonly name: string;
  readonly server: Server;
  /** Undefined once it is closed. */
  readonly port: number | undefined;
}

export interface InterceptionListener {
  /** The program is about to listen. */
  asked(): void;
  /** The program has one more listener. */
  listened(): void;
}

type Listen = (this: Server, ...args: unknown[]) => Server;

/**
 * Stands in for `net.Server.prototype.listen`, which every kind of server has from there: http, https, http2, tls.
 * What was handed down is taken over; what is new in a first generation, or in an owner, is bound by Node as ever.
 */
export class Interception {
  readonly #generation: Generation;
  readonly #listener: InterceptionListener;
  readonly #native: Listen = Server.prototype.listen as Listen;
  readonly #listeners = new Map<Server, { readonly name: string; readonly standIn: StandIn }>();
  /** Names of listeners that are being looked up or bound. */
  readonly #pending = new Set<string>();

  constructor(generation: Generation, listener: InterceptionListener) {
    this.#generation = generation;
    this.#listener = listener;
    const interception = this;
    const listen = function listen(this: Server, ...args: unknown[]) {
      return interception.#listen(this, args);
    };
    // For what is no listener of the program: the runtime's own sockets.
    Server.prototype.listen = Object.assign(listen, { [Symbol.for("heirloom.native")]: this.#native });
  }

  /** What the program listens on now. */
  get listeners(): readonly ProgramListener[] {
    return [...this.#listeners]
      .filter(([, { standIn }]) => !standIn.closed)
      .map(([server, { name }]) => ({ name, server, port: portOf(server) }));
  }

  /** Whether the program listens, or is about to. */
  get isInUse(): boolean {
    return this.#pending.size > 0 || this.listeners.length > 0;
  }

  #listen(server: Server, args: unknown[]): Server {
    const request = readArguments(args);
    if (request === undefined || !this.#generation.programListeners.takesPart)
      return this.#native.apply(server, args);
    if (server.listening) throw alreadyListening();
    this.#listener.asked();
    const name = this.#nameFor(request);
    const standIn = this.#inherit(server, name, request);
    if (standIn !== undefined) {
      this.#prepare(server, request);
      process.nextTick(() => this.#tell(server, name, standIn));
    } else if (request.fd !== undefined || this.#bindsAtOnce(request)) {
      this.#enlistOnceListening(server, name, request);
      this.#native.apply(server, args);
    } else {
      this.#prepare(server, request);
      void this.#hold(server, name, request);
    }
    return server;
  }

  #nameFor({ name }: ListenRequest): string {
    const taken = (wanted: string) =>
      this.#pending.has(wanted) || this.#generation.programListeners.has(wanted);
    if (!taken(name)) return name;
    let number = 2;
    while (taken(`${name}#${number}`)) number += 1;
    return `${name}#${number}`;
  }

  #inherit(server: Server, name: string, { options }: ListenRequest): StandIn | undefined {
    const { programListeners } = this.#generation;
    const asked = options ?? this.#offeredAs(name);
    return asked && programListeners.inherit(server, { name, ...asked });
  }

  /** What a descriptor of the first generation was: the number means something else by now. */
  #offeredAs(name: string): ListenRequest["options"] {
    const address = this.#generation.programListeners.unclaimed.find((each) => each.name === name)?.address;
    if (address === undefined || address.kind === "udp") return undefined;
    const { kind, ...where } = address;
    return kind === "unix" ? { path: address.path } : where;
  }

  /**
   * Whether Node may bind it, and accept on it at once. A child must not, before it is owner. A path needs more than Node
   * does about it, to outlive this process; and a host's name may stand for an address that was handed down.
   */
  #bindsAtOnce({ options }: ListenRequest): boolean {
    if (options?.path !== undefined) return false;
    const { number, isOwner, programListeners } = this.#generation;
    return (number === 1 || isOwner) && programListeners.unclaimed.length === 0;
  }

  /** What Node does first, whatever it is asked to listen on. */
  #prepare(server: Server, { callback, signal }: ListenRequest): void {
    if (callback !== undefined) server.once("listening", callback);
    if (signal === undefined) return;
    const abort = () => void server.close();
    if (signal.aborted) process.nextTick(abort);
    else {
      signal.addEventListener("abort", abort, { once: true });
      server.once("close", () => signal.removeEventListener("abort", abort));
    }
  }

  #enlistOnceListening(server: Server, name: string, request: ListenRequest): void {
    this.#pending.add(name);
    const settled = () => {
      this.#pending.delete(name);
      server.removeListener(errorMonitor as unknown as string, settled);
      server.removeListener("listening", listening);
    };
    const listening = () => {
      // After the program was told: it may close the server at once, and what node:cluster listens on loses its handle.
      process.nextTick(() => {
        settled();
        this.#enlist(server, name, request);
      });
    };
    server.on(errorMonitor as unknown as string, settled);
    server.prependListener("listening", listening);
  }

  #enlist(server: Server, name: string, { options, backlog, fd }: ListenRequest): void {
    if (!server.listening) return;
    const { programListeners } = this.#generation;
    const address = addressOf(server, options?.ipv6Only) ?? this.#offeredAddress(fd);
    if (address === undefined || address.kind === "udp") return;
    const { kind, ...where } = address;
    const asked = options ?? (kind === "unix" ? { path: address.path } : where);
    const standIn = programListeners.enlist(server, address, {
      name,
      ...asked,
      ...(backlog !== undefined && { backlog }),
    });
    this.#listeners.set(server, { name, standIn });
    this.#listener.listened();
  }

  #offeredAddress(fd: number | undefined): Address | undefined {
    return this.#generation.programListeners.unclaimed.find(({ descriptor }) => descriptor === fd)?.address;
  }

  async #hold(server: Server, name: string, { options }: ListenRequest): Promise<void> {
    this.#pending.add(name);
    const abandoned = watchForClose(server);
    try {
      const standIn = await this.#generation.programListeners.hold(server, { name, ...options });
      if (abandoned()) server.close();
      else this.#tell(server, name, standIn);
    } catch (error) {
      // As Node says it, for programs that try the next port.
      const { cause } = error as Error;
      if (!abandoned()) server.emit("error", error instanceof HandoffError ? (cause ?? error) : error);
    } finally {
      this.#pending.delete(name);
    }
  }

  #tell(server: Server, name: string, standIn: StandIn): void {
    this.#listeners.set(server, { name, standIn });
    standIn.emitListening();
    this.#listener.listened();
  }
}

/** Whether the program closes a server before it has begun to listen. To be asked once. */
function watchForClose(server: Server): () => boolean {
  let closed = false;
  const { close } = server;
  const watching: Server["close"] = (callback) => {
    closed = true;
    return close.call(server, callback);
  };
  server.close = watching;
  return () => {
    if (server.close === watching) Reflect.deleteProperty(server, "close");
    return closed;
  };
}

function addressOf(server: Server, ipv6Only: boolean | undefined): Address | undefined {
  const bound = server.address();
  if (bound === null) return undefined;
  if (typeof bound === "string") return { kind: "unix", path: bound };
  const { address: host, port } = bound;
  return { kind: "tcp", host, port, ...(ipv6Only && host === "::" && { ipv6Only }) };
}

function portOf(server: Server): number | undefined {
  return (server.address() as AddressInfo | null)?.port;
}

function alreadyListening(): Error {
  return Object.assign(new Error("Listen method has been called more than once without closing."), {
    code: "ERR_SERVER_ALREADY_LISTEN",
  });
}
