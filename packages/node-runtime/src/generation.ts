import { EventEmitter } from "node:events";
import type { Server } from "node:net";
import {
  type Address,
  type ChildState,
  type Disposition,
  HandoffError,
  type Listener,
  limits,
  type Offer,
  type ParentState,
} from "@heirloom/protocol";
import type { DrainBegun } from "./drain/drain-begun.js";
import { Drainer } from "./drain/drainer.js";
import { Child } from "./handoff/child.js";
import { Parent } from "./handoff/parent.js";
import type { Service } from "./handoff/service.js";
import { type Hook, Hooks } from "./hooks.js";
import { InitSystem } from "./init/init-system.js";
import { KeeperLink } from "./keeper/link.js";
import type { ListenOptions } from "./listener/options.js";
import { ProgramListeners } from "./listener/program-listeners.js";
import { Listeners } from "./listener/registry.js";
import { Http1 } from "./moves/http1.js";
import type { Movable } from "./moves/movable.js";
import type { Settings } from "./options.js";
import { Oversight } from "./oversight.js";
import { CompiledCode } from "./process/compiled-code.js";
import { captureLaunch } from "./process/launch.js";
import { LocalSpawner } from "./process/local-spawner.js";
import { rehearse } from "./rehearsal.js";
import { formatReport, type HandoffReport, publishReport } from "./report.js";
import { type CarriedStream, type CarryOptions, checkCarryOptions } from "./state/carry-options.js";
import { Streams } from "./state/streams.js";
import { TlsTickets } from "./state/tls-tickets.js";

export interface GenerationEvents {
  /** This generation is owner. Once. */
  owner: [];
  /**
   * This generation begins to finish what it accepted: after a handoff, or because the service ends. Again after a handoff
   * that was rolled back (`onResume`), or when the service ends meanwhile.
   */
  draining: [begun: DrainBegun];
  /** A handoff that this generation was the parent of is over: at once when it failed, after the drain when it committed. */
  handoff: [report: HandoffReport];
}

/** A listener as this generation holds it. */
export interface ListenerInfo {
  readonly name: string;
  /** Where clients reach it; `server.address()` does not tell for an inherited Unix-domain socket. */
  readonly address: Address;
  readonly disposition: Exclude<Disposition, "dropped">;
}

/** A child has more urgent things to do when it becomes owner than to get ready for its own successor. */
const prepareAfterMs = 1_000;

const owners = new Set<ChildState>(["succeeding", "relinquishing", "owner"]);
const alone = new Set<ChildState>(["founding", "orphaned", "owner"]);
/** Where this generation accepts, being owner. */
const accepting = new Set<ParentState>([
  "serving",
  "spawning",
  "offering",
  "preparing",
  "aborting",
  "ending",
]);
/** From commit on the child may be owner, until its exit is seen. */
const notOwners = new Set<ParentState>([
  "committing",
  "fencing",
  "draining",
  "departing",
  "stopping",
  "left",
]);

/**
 * One life of a service. Listens, says ready, serves, hands over, and leaves.
 * Made by `joinGeneration` and `serve`.
 */
export class Generation extends EventEmitter<GenerationEvents> {
  /** For programs that call `listen()` themselves. */
  readonly programListeners: ProgramListeners;
  readonly #service: Service;
  readonly #child: Child;
  readonly #parent: Parent;
  readonly #owned: Promise<void>;
  readonly #tickets: TlsTickets;
  readonly #oversight: Oversight;
  readonly #http1 = new Http1();

  /** @internal */
  constructor(settings: Settings, offer: Offer | undefined, activated: readonly Listener[] = []) {
    super();
    const spawner = new LocalSpawner();
    const keeper = KeeperLink.take();
    const listeners = new Listeners(offer?.listeners ?? activated, {
      added: () => {
        this.#oversight.listenerAdded();
        init.listenerAdded();
      },
      gone: (name) => init.listenerGone(name),
      log: settings.log,
    });
    const init = new InitSystem(offer?.generation ?? 1, settings, listeners, keeper);
    this.#tickets = new TlsTickets(listeners, settings.log);
    this.#service = {
      number: offer?.generation ?? 1,
      settings,
      launch: captureLaunch(settings.spawn, settings.compileCache),
      spawner: keeper?.over(spawner) ?? spawner,
      compiled: new CompiledCode(),
      listeners,
      drainer: new Drainer(settings.drain.idleMs, (listener, tracker) => {
        if (settings.connections === "move" && tracker.isPlainHttp) this.#http1.add(listener, tracker);
      }),
      movables: new Map<string, Movable>([[this.#http1.protocol, this.#http1]]),
      hooks: new Hooks(),
      streams: new Streams([this.#tickets]),
      draining: (begun) => this.emit("draining", begun),
      concluded: (report) => {
        settings.log(formatReport(report));
        if (report.outcome !== "committed") this.#service.listeners.discardClosed();
        publishReport(report);
        this.#oversight.conclude(report);
        if (report.outcome === "rolledBack") {
          init.rolledBack(
            report.listeners.flatMap(({ name, disposition }) => (disposition === "created" ? [name] : [])),
          );
        }
        this.emit("handoff", report);
      },
    };
    const generation = this;
    this.programListeners = new ProgramListeners(this.#service.listeners, this.#service.drainer, {
      get takesPart() {
        return generation.#child.state !== "left" && !notOwners.has(generation.#parent.state);
      },
      get accepts() {
        return generation.isOwner && accepting.has(generation.#parent.state);
      },
      get mayGiveUp() {
        return generation.#child.state !== "left" && generation.#parent.state === "serving";
      },
    });
    this.#parent = new Parent(this.#service, (newest) => this.#child.supersede(newest));
    this.#owned = new Promise((resolve) => this.once("owner", resolve));
    this.once("owner", () => {
      // Where the first generation has bound a listener, all of it is loaded already.
      setTimeout(() => void this.#parent.prepare(), offer === undefined ? 0 : prepareAfterMs).unref();
    });
    this.#child = new Child(this.#service, offer, {
      owner: () => {
        init.owner();
        this.emit("owner");
        this.#oversight.begin(offer?.parent.pid);
      },
      startHandoff: () => void this.#parent.request(),
      denyHandoff: (error) => this.#parent.waiters.deny(error),
      stopServing: () => this.#parent.terminate(),
    });
    this.#oversight = new Oversight({
      generation: this,
      service: this.#service,
      child: this.#child,
      parent: this.#parent,
      keeper,
    });
  }

  /**
   * Answers the offer and begins to listen to the parent.
   * @internal
   */
  begin(): void {
    this.#child.begin();
  }

  /** 1 for the first generation, and one more with each handoff. */
  get number(): number {
    return this.#service.number;
  }

  /** Whether this generation is the one that accepts and does exclusive work. */
  get isOwner(): boolean {
    return owners.has(this.#child.state) && !notOwners.has(this.#parent.state);
  }

  /** Whether no other generation takes part: neither a parent, be it one that drains, nor a child. */
  get isAlone(): boolean {
    return alone.has(this.#child.state) && this.#parent.state === "serving";
  }

  /**
   * Makes a server listen: inherits the socket from the parent where it offers one with this name and address, and
   * binds it otherwise. The server accepts once this generation is owner.
   *
   * In a child a failure ends the handoff, and this process with it; the parent serves on and reports the reason.
   * @throws HandoffError LISTENER_INVALID, LISTENER_NAME_DUPLICATE, LISTENER_MISMATCH, LISTENER_BIND_FAILED
   */
  async listen(server: Server, options: ListenOptions): Promise<ListenerInfo> {
    this.#assertBooting("listen");
    try {
      const held = await this.#service.listeners.hold(server, options);
      const { name, address, disposition } = held;
      this.#service.drainer.add(name, server);
      return { name, address, disposition };
    } catch (error) {
      if (error instanceof HandoffError && this.number > 1) this.#child.failed(error);
      throw error;
    }
  }

  /**
   * Carries state of the application from generation to generation, as a stream of bytes that every release calls by this
   * name: 1 to 64 bytes of UTF-8. Neither side holds a stream in memory. Call it early: a parent sends what it has warm
   * while this generation boots.
   *
   * A parent that does not carry the stream costs nothing; one whose child does not know it reports that, and goes on.
   * @throws HandoffError OPTION_INVALID, EVENT_UNEXPECTED after `ready`
   * @see spec/v1/state.md
   */
  carry(name: string, options: CarryOptions): CarriedStream {
    this.#assertBooting("carry");
    const stream = checkCarryOptions(name, options);
    this.#service.streams.add(stream);
    return this.#child.want(stream);
  }

  /**
   * Says that this generation could serve now, in a child after its rehearsal. Resolves when it is owner and accepts; a handoff that fails before
   * ends this process.
   */
  async ready(): Promise<void> {
    this.#assertBooting("ready");
    if (this.#tickets.applies) this.#child.want(this.#tickets);
    await this.#rehearse();
    this.#child.ready();
    await this.#owned;
  }

  /**
   * Moves connections of a further protocol from generation to generation, in each that names it. Call it before `ready`.
   * @throws HandoffError OPTION_INVALID where the protocol has no name, or has one already
   */
  move(movable: Movable): this {
    this.#assertBooting("move");
    const { protocol } = movable;
    const { movables } = this.#service;
    if (protocol === "" || Buffer.byteLength(protocol) > limits.nameBytesMax || movables.has(protocol)) {
      const message = `the name of a protocol that moves is 1 to ${limits.nameBytesMax} bytes long and used once, not ${JSON.stringify(protocol)}`;
      throw new HandoffError("OPTION_INVALID", { message });
    }
    movables.set(protocol, movable);
    return this;
  }

  /** Runs before another generation becomes owner, and before the service ends: stop exclusive work, flush. Clients wait. */
  onRetire(hook: Hook): this {
    this.#service.hooks.retire.push(hook);
    return this;
  }

  /** Runs when this generation is owner again after `onRetire` hooks ran: a handoff failed. */
  onResume(hook: Hook): this {
    this.#service.hooks.resume.push(hook);
    return this;
  }

  /** Runs when everything that was accepted is finished, before this process exits: close what was shared by requests. */
  onExit(hook: Hook): this {
    this.#service.hooks.exit.push(hook);
    return this;
  }

  /**
   * What SIGHUP does: starts a child and hands over to it. Resolves when the child is owner; this generation then
   * drains and exits. Asked for during a handoff, it waits for that one to commit, or else for the one that follows.
   * Rejects with the reason when the handoff fails: this generation serves on.
   * @throws HandoffError
   */
  handoff(): Promise<HandoffReport> {
    const outcome = this.#parent.waiters.wait();
    const ignored = this.#parent.state === "serving" ? this.#child.request() : this.#parent.request();
    // While a handoff is about to begin, it serves this request, too.
    if (ignored !== undefined && this.#child.state !== "relinquishing")
      this.#parent.waiters.deny(notOwner(ignored));
    if (this.#parent.state === "draining") {
      this.#parent.waiters.deny(
        notOwner(`generation ${this.number + 1} is the owner, and was told of the request`),
      );
    }
    return outcome;
  }

  /** What SIGTERM and SIGINT do: finishes what was accepted, and exits. A handoff that is under way ends with it. */
  stop(): void {
    if (this.#parent.state === "serving") this.#child.terminate();
    else this.#parent.terminate();
  }

  /** Only where clients would notice: nobody is served yet by a first generation. */
  async #rehearse(): Promise<void> {
    const { listeners, settings } = this.#service;
    if (settings.rehearse === undefined || this.number === 1) return;
    try {
      const servers = new Map(listeners.servers);
      await rehearse(settings.rehearse, (name) => servers.get(name));
    } catch (error) {
      this.#child.failed(error as HandoffError);
      throw error;
    }
  }

  #assertBooting(method: string): void {
    if (this.#child.isPreparing) return;
    throw new HandoffError("EVENT_UNEXPECTED", {
      message: `${method}() was called after ready(): call listen() for every server and carry() for all state first, and then ready() once`,
    });
  }
}

function notOwner(why: string): HandoffError {
  return new HandoffError("NOT_OWNER", { message: `no handoff begins here: ${why}` });
}
