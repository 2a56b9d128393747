import { Socket } from "node:net";
import {
  type ChildEffect,
  type ChildEvent,
  type ChildFact,
  type ChildState,
  childRole,
  formatVersions,
  HandoffError,
  type Message,
  negotiate,
  type Offer,
  type ParentMessage,
  type State,
  supportedVersions,
} from "@heirloom/protocol";
import { Channel } from "../channel.js";
import { Driver, type Effects } from "../driver.js";
import { afterWaitingClients } from "../event-loop.js";
import { DeathWatch } from "../process/death-watch.js";
import type { Carried, CarriedStream } from "../state/carry-options.js";
import { Importer } from "../state/importer.js";
import { ChildMoves } from "./child-moves.js";
import { eventOf, reasonFields, remoteError, violation } from "./message-event.js";
import type { Service } from "./service.js";

/** What the child's machine asks of the rest of the generation. */
export interface ChildListener {
  /** This generation is owner. */
  owner(): void;
  startHandoff(): void;
  denyHandoff(error: HandoffError): void;
  stopServing(): void;
}

/** What is void when it comes from, or of, a parent that is dead. */
const diesWithParent = new Set<ChildEvent>([
  "abortReceived",
  "channelEnded",
  "protocolViolated",
  "deadlineExpired",
  "stateRejected",
]);
/** For a last message, in milliseconds. @see spec/v1/bootstrap.md, B-19 */
const lastWordsMs = 500;
const preparing = new Set<ChildState>(["founding", "booting", "preparing", "orphaned"]);
/** Where the parent takes the service back, should this process end. */
const hasWayBack = new Set<ChildState>(["succeeding", "relinquishing"]);
const awaitsParent = new Set<ChildState>(["preparing", "ready"]);

/** This generation as a child of the one before it, or as the first: executes its machine's effects. */
export class Child {
  readonly #service: Service;
  readonly #listener: ChildListener;
  readonly #driver: Driver<ChildState, ChildEvent, ChildEffect, ChildFact>;
  readonly #offer: Offer | undefined;
  readonly #watch: DeathWatch;
  readonly #importer = new Importer({
    imported: () => this.#dispatch("stateImported"),
    rejected: (error) => this.#dispatch("stateRejected", error),
  });
  #channel: Channel | undefined;
  /** The piece of state that is being taken. */
  #piece: State | undefined;
  #readyDeclared = false;
  #orphaned = false;
  readonly #moves: ChildMoves;
  /** Of the features that the parent has, those that this generation has, too. */
  readonly #features: readonly string[];

  constructor(service: Service, offer: Offer | undefined, listener: ChildListener) {
    this.#service = service;
    this.#listener = listener;
    this.#offer = offer;
    this.#watch = new DeathWatch(offer?.parent.pid ?? process.ppid);
    const { deadlinesMs } = service.settings;
    this.#moves = new ChildMoves(service, offer, (message) => this.#send(message));
    const able = new Set(this.#moves.agreed ? ["state", "connections"] : ["state"]);
    this.#features = (offer?.features ?? []).filter((feature) => able.has(feature));
    this.#driver = new Driver<ChildState, ChildEvent, ChildEffect, ChildFact>({
      role: childRole,
      initial: offer === undefined ? "founding" : "booting",
      generation: service.number,
      // How long to wait for the parent's next step is the parent's to say: it knows its own deadlines.
      deadlinesMs: offer === undefined ? deadlinesMs : { ...deadlinesMs, commit: offer.deadlines.commitMs },
      expired: "deadlineExpired",
      look: (event, state) => this.#look(event, state),
      entered: (state) => {
        if (!awaitsParent.has(state)) this.#importer.end();
        if (!hasWayBack.has(state)) this.#moves.mayNotReturn();
      },
      effects: this.#effects(),
    });
  }

  get state(): ChildState {
    return this.#driver.state;
  }

  /** Answers the offer and begins to listen to the parent. @throws HandoffError OFFER_INVALID */
  begin(): void {
    const offer = this.#offer;
    if (offer === undefined) return;
    const watch = this.#watch;
    if (watch.isBlind) throw startedThroughAnother(offer);
    const socket = new Socket({ fd: offer.channel, readable: true, writable: true, allowHalfOpen: true });
    const channel: Channel = new Channel(socket, {
      message: (message) => this.#receive(message, channel),
      violated: (error) => this.#dispatch("protocolViolated", error),
      ended: () =>
        watch.look({
          parentDied: () => this.#parentDied(),
          parentLives: () => this.#dispatch("channelEnded", parentLost()),
        }),
    });
    this.#channel = channel;
    const meet = negotiate(offer.protocol, supportedVersions) !== undefined;
    this.#driver.dispatch(
      meet ? "offerRead" : "versionUnsupported",
      meet ? undefined : versionsDoNotMeet(offer),
    );
  }

  /** Whether the application still prepares: it has not said that it could serve. */
  get isPreparing(): boolean {
    return preparing.has(this.state) && !this.#readyDeclared;
  }

  /** The application wants a stream of its parent's state, if that has it. */
  want(stream: Carried): CarriedStream {
    const carried = this.#importer.want(stream);
    if (this.#importer.agreed) this.#driver.dispatch("streamCarried");
    return carried;
  }

  /** The application could serve now. The parent is told once the warm state is imported: clients wait from then on. */
  ready(): void {
    this.#readyDeclared = true;
    this.#importer.onceWarm(() => this.#driver.dispatch("readyDeclared"));
  }

  /** The application or a listener failed before it was ready. */
  failed(error: HandoffError): void {
    this.#driver.dispatch("preparationFailed", error);
  }

  /** Returns why nothing is done about it, or undefined. */
  request(): string | undefined {
    return this.#driver.dispatch("handoffRequested");
  }

  /** A generation after this one is owner: its draining parent may be one too many. */
  supersede(newest: number): void {
    this.#send({ type: "superseded", ignorable: true, generation: newest });
  }

  terminate(): void {
    this.#driver.dispatch("terminationRequested", terminated());
  }

  #effects(): Effects<ChildEffect> {
    const { listeners, settings, number } = this.#service;
    return {
      sendAccept: () => {
        const version = negotiate(this.#offer?.protocol ?? supportedVersions, supportedVersions) ?? 0;
        this.#send({ type: "accept", version, features: this.#features, pid: process.pid });
        if (this.#features.includes("state") && this.#channel) this.#importer.begin(this.#channel);
      },
      sendRefuse: () => {
        const reason = reasonFields(this.#driver.reason ?? terminated());
        this.#send({ type: "refuse", ...reason, supported: supportedVersions });
      },
      sendReady: () => this.#send({ type: "ready", listeners: listeners.dispositions() }),
      sendAbort: () => this.#send({ type: "abort", ...reasonFields(this.#driver.reason ?? terminated()) }),
      sendStateWanted: () => this.#importer.ask(),
      importState: () => {
        if (this.#piece !== undefined) this.#importer.take(this.#piece);
      },
      sendStateAdopted: () => this.#send({ type: "state-adopted" }),
      startAccepting: () => listeners.accept(),
      sendCommitted: () => this.#send({ type: "committed" }),
      sendRelinquish: () => this.#send({ type: "relinquish" }),
      sendStop: () => this.#send({ type: "stop" }),
      prepareAdoption: () => afterWaitingClients(() => void this.#prepareAdoption()),
      sendConnectionsAwaited: () => this.#moves.sendAwaited(),
      declineConnections: () => this.#moves.decline(),
      adoptConnections: () => this.#moves.adopt(),
      refuseConnections: () => this.#moves.refuse(),
      keepLateBytes: () => this.#refuse(this.#moves.keepLate()),
      takeConnections: () => this.#refuse(this.#moves.take()),
      inheritConnections: () => this.#moves.inherit(),
      discardDropped: () => listeners.discardDropped(),
      reportOwner: () => {
        this.#channel?.unref();
        if (this.state === "owner" && this.#offer !== undefined) {
          settings.log(
            `generation ${number} (pid ${process.pid}) took over: its parent (pid ${this.#offer.parent.pid}) died`,
          );
        }
        this.#listener.owner();
      },
      startHandoff: () => this.#listener.startHandoff(),
      denyHandoff: () => this.#listener.denyHandoff(this.#takeReason() ?? parentLost()),
      stopServing: () => this.#listener.stopServing(),
      leave: () => void this.#leave(),
    };
  }

  #receive(message: Message, channel: Channel): void {
    const { type } = message as ParentMessage;
    const { state } = this.#driver;
    const event = eventOf(type);
    const unasked = message.type === "state" && !this.#importer.expects(message, state === "ready");
    if (unasked || !Object.hasOwn(childRole.table[state], event)) {
      channel.refuseMore(violation("parent", type, state));
      return;
    }
    const fault = this.#moves.hear(message);
    if (fault !== undefined) {
      channel.refuseMore(fault);
      return;
    }
    if (message.type === "state") this.#piece = message;
    const reason =
      message.type === "abort" ? remoteError("parent", "PARENT_ABORTED", message.message) : undefined;
    this.#dispatch(event as ChildEvent, reason);
  }

  #dispatch(event: ChildEvent, reason?: HandoffError): void {
    this.#driver.dispatch(event, reason);
  }

  #parentDied(): void {
    if (!this.#orphaned) this.#driver.dispatch("parentDied");
  }

  /** A parent that is dead aborts nothing and keeps nobody waiting: whatever it left behind, its service is to be taken over. */
  #look(event: ChildEvent, state: ChildState): ChildEvent | undefined {
    if (!diesWithParent.has(event) || !awaitsParent.has(state) || !this.#watch.parentIsGone) {
      if (event === "parentDied") this.#orphan(state);
      return event;
    }
    this.#orphan(state);
    this.#channel?.close();
    return "parentDied";
  }

  #orphan(state: ChildState): void {
    this.#orphaned = true;
    // Nothing has moved before commit, and nothing will: the descriptor channel only has to be closed.
    if (awaitsParent.has(state)) this.#moves.inherit();
  }

  async #prepareAdoption(): Promise<void> {
    if (!this.#moves.agreed) return;
    await this.#moves.prepare();
    this.#dispatch("adoptionPrepared");
    if (hasWayBack.has(this.state)) this.#moves.mayReturn(() => hasWayBack.has(this.state));
  }

  /** Reads no further from a parent that does not keep to the protocol. */
  #refuse(fault: HandoffError | undefined): void {
    if (fault !== undefined) this.#channel?.refuseMore(fault);
  }

  #takeReason(): HandoffError | undefined {
    const { reason } = this.#driver;
    this.#driver.forgetReason();
    return reason;
  }

  async #leave(): Promise<void> {
    const { settings, number, listeners } = this.#service;
    const reason = this.#driver.reason ?? terminated();
    settings.log(`generation ${number} (pid ${process.pid}) leaves before it was owner: ${reason.message}`);
    listeners.discardCreated();
    const exit = () => process.exit(reason.code === "STOPPING" ? 0 : 1);
    // The parent may read no more, or not now.
    setTimeout(exit, lastWordsMs);
    await this.#channel?.flushed();
    exit();
  }

  #send(message: Message): void {
    this.#channel?.send(message);
  }
}

function terminated(): HandoffError {
  return new HandoffError("STOPPING", { message: "this process was told to end before it was owner" });
}

function parentLost(): HandoffError {
  return new HandoffError("PARENT_LOST", {
    message:
      "the parent's process runs, but it has left the channel or does not answer: see its log, and try again when it has exited",
  });
}

function startedThroughAnother(offer: Offer): HandoffError {
  return new HandoffError("OFFER_INVALID", {
    message: `the parent (pid ${offer.parent.pid}) started this process through another one (pid ${process.ppid}), whose death would be taken for its own: let a script in between \`exec\` the program`,
  });
}

function versionsDoNotMeet(offer: Offer): HandoffError {
  const child = formatVersions(supportedVersions);
  const parent = formatVersions(offer.protocol);
  return new HandoffError("VERSION_UNSUPPORTED", {
    message: `the child speaks protocol version ${child}, its parent ${parent}: deploy a release that speaks one of the parent's, or stop and start the service once`,
  });
}
