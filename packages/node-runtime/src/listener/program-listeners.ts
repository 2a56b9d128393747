import type { Server } from "node:net";
import type { Address, Listener } from "@heirloom/protocol";
import type { Drainer } from "../drain/drainer.js";
import type { HeldListener } from "./held-listener.js";
import type { ListenOptions } from "./options.js";
import type { Listeners } from "./registry.js";
import { StandIn } from "./stand-in.js";

/** Where the generation stands, as far as its listeners need to know. */
export interface Stage {
  /** Whether listeners can be added. */
  readonly takesPart: boolean;
  /** Whether servers accept now. */
  readonly accepts: boolean;
  /** Whether nobody else needs what the program gives up: no child was given it. */
  readonly mayGiveUp: boolean;
}

/**
 * The listeners of a program that calls `listen()` itself, for whoever stands between the two: a preload, or an adapter
 * of a framework. Unlike `Generation.listen`, all of it works before and after `ready`, and failures are the program's: they
 * are thrown, and end no handoff. The server's `address()`, `listening` and `close()` are replaced, so that the program sees
 * a server that listens until it closes it.
 */
export class ProgramListeners {
  readonly #listeners: Listeners;
  readonly #drainer: Drainer;
  readonly #stage: Stage;
  readonly #tracked = new WeakSet<Server>();

  /** @internal */
  constructor(listeners: Listeners, drainer: Drainer, stage: Stage) {
    this.#listeners = listeners;
    this.#drainer = drainer;
    this.#stage = stage;
  }

  /** Whether listeners can be added: not to a generation that has handed over, or leaves. */
  get takesPart(): boolean {
    return this.#stage.takesPart;
  }

  /** What was offered and is not listened on yet. */
  get unclaimed(): readonly Listener[] {
    return this.#listeners.unclaimed;
  }

  /** Whether a listener has this name. */
  has(name: string): boolean {
    return this.#listeners.has(name);
  }

  /**
   * Takes over what was offered with this name and address, or else with this address, at once. Undefined: nothing was,
   * or the host is a name, which only `hold` looks up.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH
   */
  inherit(server: Server, options: ListenOptions): StandIn | undefined {
    const held = this.#listeners.inherit(server, options);
    return held && this.#take(held);
  }

  /**
   * Takes over what was offered, and binds it otherwise.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH, LISTENER_BIND_FAILED
   */
  async hold(server: Server, options: ListenOptions): Promise<StandIn> {
    return this.#take(await this.#listeners.hold(server, options));
  }

  /**
   * Takes a server into custody that listens already, on this address: children are offered it from now on.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE
   */
  enlist(server: Server, address: Address, options: ListenOptions): StandIn {
    return this.#take(this.#listeners.enlist(server, address, options));
  }

  #take(held: HeldListener): StandIn {
    const { name, server, address } = held;
    held.standIn = new StandIn(server, address, () => {
      if (!this.#stage.mayGiveUp) return false;
      this.#listeners.giveUp(held);
      return true;
    });
    if (!this.#tracked.has(server)) this.#drainer.add(name, server);
    this.#tracked.add(server);
    if (this.#stage.accepts) this.#listeners.acceptOn(held);
    return held.standIn;
  }
}
