import { closeSync } from "node:fs";
import type { Server } from "node:net";
import { HandoffError, type Listener, type ListenerDisposition } from "@heirloom/protocol";
import { loadSyscalls } from "../syscalls.js";
import { adopt, answers, descriptorsOf } from "./adopt.js";
import { bind } from "./bind.js";
import type { HeldListener } from "./held-listener.js";
import { socketInode } from "./kernel.js";
import { checkListenOptions, type ListenOptions } from "./options.js";
import { pathIdentity, unpublish } from "./unix-path.js";

/** The listeners of one generation: those it was offered, and those it holds. */
export class Listeners {
  readonly #offered: Map<string, Listener>;
  readonly #held = new Map<string, HeldListener>();
  readonly #names = new Set<string>();

  constructor(offered: readonly Listener[] = []) {
    this.#offered = new Map(offered.map((listener) => [listener.name, listener]));
  }

  /**
   * Inherits the listener where the offer has it with this address, and binds it otherwise.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH, LISTENER_BIND_FAILED
   */
  async hold(server: Server, options: ListenOptions): Promise<HeldListener> {
    const request = checkListenOptions(options);
    const { name } = request;
    if (this.#names.has(name)) {
      throw new HandoffError("LISTENER_NAME_DUPLICATE", {
        message: `two listeners are called ${JSON.stringify(name)}: give each listen() a name of its own`,
      });
    }
    if (server.listening) {
      throw new HandoffError("LISTENER_INVALID", {
        message: `the server of listener ${name} listens already: pass it to the generation instead of calling its listen()`,
      });
    }
    this.#names.add(name);
    try {
      const offered = this.#offered.get(name);
      const inherits = offered !== undefined && (await answers(offered, request));
      const held = inherits ? adopt(server, request, offered) : await bind(server, request);
      if (inherits) this.#offered.delete(name);
      this.#held.set(name, held);
      return held;
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
  }

  get names(): string[] {
    return [...this.#held.keys()];
  }

  /** What became of each listener; those that were offered and not asked for are dropped. */
  dispositions(): ListenerDisposition[] {
    const held = [...this.#held.values()].map(({ name, disposition }) => ({ name, disposition }));
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
   */
  accept(): void {
    for (const held of this.#held.values()) held.accept();
    this.#replenish().catch(() => {});
  }

  async #replenish(): Promise<void> {
    const lacking = [...this.#held.values()].filter(({ lacksCustody }) => lacksCustody);
    const syscalls = lacking.length > 0 ? await loadSyscalls() : undefined;
    if (syscalls !== undefined) for (const held of lacking) held.replenish(syscalls);
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

  /** Gives up what was offered and not asked for. */
  discardDropped(): void {
    for (const offered of this.#offered.values()) {
      for (const descriptor of descriptorsOf(offered)) closeSync(descriptor);
      if (offered.address.kind === "unix")
        unpublish(offered.address.path, pathIdentity(offered.address.path));
    }
    this.#offered.clear();
  }

  /** Lets the servers emit `close`, for applications that clean up there. */
  finish(): void {
    for (const held of this.#held.values()) held.finish();
  }
}
