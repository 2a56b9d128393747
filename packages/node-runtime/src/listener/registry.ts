import { closeSync } from "node:fs";
import type { Server } from "node:net";
import {
  type Address,
  type Disposition,
  HandoffError,
  type Listener,
  type ListenerDisposition,
} from "@heirloom/protocol";
import { descriptorOf, netServer } from "../node-internals.js";
import { loadSyscalls } from "../syscalls.js";
import { adopt, descriptorsOf, find, literalHosts, lookUp } from "./adopt.js";
import { bind, bindError } from "./bind.js";
import { HeldListener } from "./held-listener.js";
import { isBoundTo, socketInode } from "./kernel.js";
import { checkListenOptions, type ListenOptions, type ListenRequest } from "./options.js";
import { pathIdentity, unpublish } from "./unix-path.js";

/** How soon custody is tried again where there was no descriptor for it. */
const replenishAgainMs = 1_000;

export interface ListenersObserver {
  /** One more is held, and nothing is accepted on it yet. */
  added(): void;
  /** One was given up, by the name that it was offered by or is held by. */
  gone(name: string): void;
  log(line: string): void;
}

/** The listeners of one generation: those it was offered, and those it holds. */
export class Listeners {
  readonly #offered: Map<string, Listener>;
  /** What the paths among them led to at first, by name: later they may be somebody else's. */
  readonly #offeredPaths = new Map<string, string | undefined>();
  readonly #held = new Map<string, HeldListener>();
  /** Of all that are held, or about to be. */
  readonly #names = new Set<string>();
  /** Likewise. */
  readonly #servers = new Set<Server>();
  readonly #observer: ListenersObserver;
  #replenishing: NodeJS.Timeout | undefined;

  constructor(offered: readonly Listener[], observer: ListenersObserver) {
    this.#observer = observer;
    this.#offered = new Map(offered.map((listener) => [listener.name, listener]));
    for (const { name, address } of offered)
      if (address.kind === "unix") this.#offeredPaths.set(name, pathIdentity(address.path));
  }

  /**
   * Inherits the listener where the offer has it, and binds it otherwise.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH, LISTENER_BIND_FAILED
   */
  async hold(server: Server, options: ListenOptions): Promise<HeldListener> {
    const request = this.#check(server, options);
    assertSilent(server, request);
    this.#names.add(request.name);
    this.#servers.add(server);
    try {
      // Nobody is looked up, or waited for, where nothing was offered.
      const hosts = this.#offered.size > 0 ? (literalHosts(request) ?? (await lookUp(request))) : [];
      const offered = find(this.#offered, request, hosts);
      this.#assertAnswerable(request, offered);
      return offered === undefined
        ? this.#add(await bind(server, request, this.unclaimed))
        : this.#adopt(server, request, offered);
    } catch (error) {
      this.#names.delete(request.name);
      this.#servers.delete(server);
      throw bindError(request, this.unclaimed, error);
    }
  }

  /**
   * Inherits the listener where the offer has it, at once. Undefined: it does not, or the host is a name.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH
   */
  inherit(server: Server, options: ListenOptions): HeldListener | undefined {
    const request = this.#check(server, options);
    assertSilent(server, request);
    const hosts = literalHosts(request);
    const offered = hosts && find(this.#offered, request, hosts);
    if (offered !== undefined) this.#assertAnswerable(request, offered);
    return offered && this.#adopt(server, request, offered);
  }

  /**
   * Takes a server into custody that listens already.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE
   */
  enlist(server: Server, address: Address, options: ListenOptions): HeldListener {
    const request = this.#check(server, options);
    // What an init system passed on, and the program listens on by itself, is nobody else's any more.
    const descriptor = descriptorOf(server);
    for (const offered of this.#offered.values()) {
      if (offered.descriptor === descriptor) this.#offered.delete(offered.name);
    }
    const disposition = "created" as const;
    return this.#add(new HeldListener({ request, address, disposition, server, custody: undefined }));
  }

  /** The program has closed a server while the service goes on. What nobody has accepted on can be asked for again. */
  giveUp(held: HeldListener): void {
    this.#held.delete(held.name);
    this.#names.delete(held.name);
    this.#servers.delete(held.server);
    if (held.offered !== undefined && held.isUntouched) this.#offered.set(held.offered.name, held.offered);
    else {
      held.giveUp();
      this.#observer.gone(held.name);
    }
  }

  /** What was offered and nobody has asked for yet. */
  get unclaimed(): readonly Listener[] {
    return [...this.#offered.values()];
  }

  /** Who serves what, by the listeners' names. */
  get servers(): [name: string, server: Server][] {
    return [...this.#held.values()].map(({ name, server }) => [name, server]);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  #check(server: Server, options: ListenOptions): ListenRequest {
    const request = checkListenOptions(options);
    const { name } = request;
    if (this.#names.has(name)) {
      throw new HandoffError("LISTENER_NAME_DUPLICATE", {
        message: `two listeners are called ${JSON.stringify(name)}: give each listen() a name of its own`,
      });
    }
    if (this.#servers.has(server)) {
      throw new HandoffError("LISTENER_INVALID", {
        message: `the server of listener ${name} is that of another listener already: make a server for each`,
      });
    }
    return request;
  }

  /**
   * What is created under the name that a renamed listener was offered by can't be told from it in `ready`.
   * @throws HandoffError LISTENER_INVALID @see spec/v1/listeners.md, L-17
   */
  #assertAnswerable({ name }: ListenRequest, offered: Listener | undefined): void {
    const renamed =
      offered === undefined
        ? [...this.#held.values()].find((held) => held.offered?.name === name)?.name
        : this.#held.get(offered.name)?.disposition === "created" && name;
    if (!renamed) return;
    const was = offered?.name ?? name;
    throw new HandoffError("LISTENER_INVALID", {
      message: `listener ${renamed} asks for the address of what the parent calls ${was}, and ${was} for another one: give the new one another name, or change names and addresses in two releases`,
    });
  }

  #adopt(server: Server, request: ListenRequest, offered: Listener): HeldListener {
    const held = adopt(server, request, offered);
    this.#offered.delete(offered.name);
    return this.#add(held);
  }

  #add(held: HeldListener): HeldListener {
    this.#names.add(held.name);
    this.#servers.add(held.server);
    this.#held.set(held.name, held);
    this.#observer.added();
    return held;
  }

  get held(): { name: string; address: Address; disposition: Exclude<Disposition, "dropped"> }[] {
    return [...this.#held.values()].map(({ name, address, disposition }) => ({ name, address, disposition }));
  }

  /** What became of each listener; those that were offered and not asked for are dropped. */
  dispositions(): ListenerDisposition[] {
    const held = [...this.#held.values()].map(({ name, disposition, offered }) => ({
      name: offered?.name ?? name,
      disposition,
    }));
    // What was inherited is no longer among the offered. A changed address stands here twice: created and dropped.
    const dropped = [...this.#offered.keys()].map((name) => ({ name, disposition: "dropped" as const }));
    return [...held, ...dropped];
  }

  /** The listeners as an offer describes them, and the descriptors that go with it, numbered from `first`. */
  offer(first: number): { listeners: Listener[]; descriptors: number[] } {
    const descriptors: number[] = [];
    const listeners = [...this.#held.values()].map(({ name, address, descriptor }): Listener => {
      const inode = socketInode(descriptor);
      // The same socket twice: one to accept on, one for custody.
      const slot = first + descriptors.push(descriptor, descriptor) - 2;
      return { name, address, descriptor: slot, custody: slot + 1, ...(inode !== undefined && { inode }) };
    });
    return { listeners, descriptors };
  }

  /**
   * Accepts on every listener. What that took out of custody is replaced a moment later, since copying descriptors
   * needs a library whose loading would keep clients waiting now. Inherited listeners bring both descriptors along.
   * @throws Error There is none that could be accepted on
   */
  accept(): void {
    const failures: Error[] = [];
    for (const held of this.#held.values()) {
      try {
        this.#accept(held);
      } catch (error) {
        failures.push(error as Error);
      }
    }
    const [first] = failures;
    if (first !== undefined && failures.length === this.#held.size) throw first;
    // The others are served all the same.
    for (const { message } of failures) this.#observer.log(`${message}: restart the service when it can be`);
    this.#replenish().catch(() => {});
  }

  /** The same for one that came later than the others. */
  acceptOn(held: HeldListener): void {
    this.#accept(held);
    this.#replenish().catch(() => {});
  }

  #accept(held: HeldListener): void {
    held.accept();
    try {
      held.setMode();
    } catch (error) {
      this.#observer.log(`the mode of listener ${held} cannot be set: ${(error as Error).message}`);
    }
  }

  /** Gives up what programs closed during a handoff that came to nothing. */
  discardClosed(): void {
    for (const held of [...this.#held.values()]) if (held.standIn?.closed) this.giveUp(held);
  }

  async #replenish(): Promise<void> {
    const lacking = [...this.#held.values()].filter(({ lacksCustody }) => lacksCustody);
    const syscalls = lacking.length > 0 ? await loadSyscalls() : undefined;
    if (syscalls === undefined) return;
    for (const held of lacking) held.replenish(syscalls);
    // Out of descriptors: without custody there is no way back from a handoff.
    if (!lacking.some(({ lacksCustody }) => lacksCustody)) return;
    clearTimeout(this.#replenishing);
    this.#replenishing = setTimeout(() => this.#replenish().catch(() => {}), replenishAgainMs).unref();
  }

  park(): void {
    for (const held of this.#held.values()) held.park();
  }

  /** Of listeners that could not be parked, now that another generation accepts. */
  stopAccepting(): void {
    for (const held of this.#held.values()) held.stopAccepting();
  }

  release(): void {
    for (const held of this.#held.values()) held.release();
  }

  close(): void {
    for (const held of this.#held.values()) held.close();
    this.discardDropped();
  }

  /** Gives up what was made for this generation, which leaves without having been owner: a path would lead to nobody. */
  discardCreated(): void {
    for (const held of this.#held.values()) if (held.disposition === "created") held.giveUp();
  }

  /** Gives up what was offered and not asked for. */
  discardDropped(): void {
    for (const offered of this.#offered.values()) {
      const { address } = offered;
      const keepsPath = address.kind === "unix" && isBoundTo(offered.descriptor, address.path);
      for (const descriptor of descriptorsOf(offered)) closeSync(descriptor);
      if (address.kind === "unix" && !keepsPath)
        unpublish(address.path, this.#offeredPaths.get(offered.name));
    }
    const names = [...this.#offered.keys()];
    this.#offered.clear();
    for (const name of names) this.#observer.gone(name);
  }

  /** What can be found again by its address in another process, without anything that this one knows: no paths that it has published. */
  get storable(): { name: string; descriptor(): number }[] {
    return [...this.#held.values()]
      .filter(
        ({ address, descriptor }) =>
          address.kind === "tcp" || (address.kind === "unix" && isBoundTo(descriptor, address.path)),
      )
      .map((held) => ({ name: held.name, descriptor: () => held.descriptor }));
  }

  /** Lets the servers emit `close`, for applications that clean up there. */
  finish(): void {
    for (const held of this.#held.values()) held.finish();
  }
}

function assertSilent(server: Server, { name }: ListenRequest): void {
  if (!netServer.isListening(server)) return;
  throw new HandoffError("LISTENER_INVALID", {
    message: `the server of listener ${name} listens already: pass it to the generation instead of calling its listen()`,
  });
}
