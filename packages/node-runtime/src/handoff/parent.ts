import {
  type ChildMessage,
  type ConnectionsAdopted,
  encodeOffer,
  HandoffError,
  limits,
  type Message,
  type ParentEffect,
  type ParentEvent,
  type ParentFact,
  type ParentState,
  parentRole,
  supportedVersions,
} from "@heirloom/protocol";
import { Driver, type Effects } from "../driver.js";
import {
  channelDescriptor,
  descriptorChannelDescriptor,
  environmentOf,
  firstListenerDescriptor,
  type SpawnedChild,
  type SpawnRequest,
} from "../process/spawn.js";
import { HandoffRecord, type HandoffReport } from "../report.js";
import { Exporter } from "../state/exporter.js";
import { mayHaveSyscalls } from "../syscalls.js";
import { childExit } from "./child-exit.js";
import { ChildLink } from "./child-link.js";
import { faultOf } from "./child-message.js";
import { eventOf, reasonFields, remoteError, violation } from "./message-event.js";
import { ParentMoves } from "./parent-moves.js";
import type { Service } from "./service.js";
import { Waiters } from "./waiters.js";

/** What is void in a draining parent once its child has exited. @see spec/v1/invariants.md, INV-D2 and INV-D8 */
const waitForExit = new Set<ParentEvent>([
  "drained",
  "deadlineExpired",
  "relinquishReceived",
  "connectionsAdoptedReceived",
]);

/** Where the application is asked for its state. */
const exporting = new Set<ParentState>(["preparing", "parking", "transferring"]);
/** Where connections move. */
const moving = new Set<ParentState>(["draining", "departing"]);

/** Where the end of the last connection counts. */
const finishing = new Set<ParentState>(["draining", "departing", "stopping"]);

/** What the report calls the entry into a state. */
const stepNames: Partial<Record<ParentState, string>> = {
  offering: "spawned",
  preparing: "accepted",
  parking: "ready",
  transferring: "parked",
  committing: "commit",
  draining: "committed",
  departing: "departing",
};

/** This generation as a parent: executes the effects of its machine, and tells the machine what happens. */
export class Parent {
  readonly waiters = new Waiters();
  readonly #service: Service;
  readonly #driver: Driver<ParentState, ParentEvent, ParentEffect, ParentFact>;
  #link: ChildLink | undefined;
  /** The features that the child was offered. */
  #offered: readonly string[] = [];
  #moves: ParentMoves | undefined;
  #record: HandoffRecord | undefined;
  /** Gives the child the application's state, once both agreed on it. */
  #exporter: Exporter | undefined;
  #committed: HandoffReport | undefined;
  /** Whether everything that was accepted is finished. */
  #finished = false;
  /** Numbers parks, so that one that was undone does not report back. */
  #park = 0;
  /** Numbers drains, likewise. */
  #drainage = 0;

  constructor(service: Service) {
    this.#service = service;
    const { number: generation, settings } = service;
    this.#driver = new Driver<ParentState, ParentEvent, ParentEffect, ParentFact>({
      role: parentRole,
      initial: "serving",
      generation,
      deadlinesMs: settings.deadlinesMs,
      expired: "deadlineExpired",
      look: (event, state) => this.#look(event, state),
      entered: (state) => this.#reached(state),
      effects: this.#effects(),
    });
  }

  get state(): ParentState {
    return this.#driver.state;
  }

  /** The process of the child of the handoff that is under way, or that this generation drains after. */
  get childPid(): number | undefined {
    return this.#link?.pid;
  }

  /** Returns why nothing is done about it, or undefined. */
  request(): string | undefined {
    return this.#driver.dispatch("handoffRequested");
  }

  /** Goes ahead through what the next spawn takes: code that runs for the first time is slow, and a restart waits for it. */
  async prepare(): Promise<void> {
    await this.#service.spawner.prepare?.();
    try {
      environmentOf(this.#sealed());
    } catch (error) {
      // What is wrong now may be right by then, and if not, the handoff tells.
      if (!(error instanceof HandoffError)) throw error;
    }
  }

  terminate(): void {
    this.#driver.dispatch("terminationRequested", stopping());
  }

  #effects(): Effects<ParentEffect> {
    const { listeners, drainer, hooks } = this.#service;
    return {
      spawnChild: () => this.#spawn(),
      sendAbort: () => this.#send({ type: "abort", ...reasonFields(this.#driver.reason ?? stopping()) }),
      sendWarmState: () => this.#exporter?.sendWarm(),
      sendFinalState: () => this.#exporter?.sendFinal(),
      sendCommit: () => this.#send({ type: "commit" }),
      sendRelinquished: () => this.#send({ type: "relinquished" }),
      sendRequest: () => this.#send({ type: "request" }),
      sendStop: () => this.#send({ type: "stop" }),
      sendFarewell: () => {
        const { finished, moved, closed, cut } = drainer.counts();
        this.#send({ type: "farewell", finished, moved, closed, cut });
      },
      parkListeners: () => {
        listeners.park();
        this.#retire();
      },
      unparkListeners: () => {
        this.#park += 1;
        listeners.accept();
        hooks.runResume()?.catch((error: HandoffError) => this.#service.settings.log(error.message));
      },
      closeListeners: () => listeners.close(),
      releaseListeners: () => listeners.release(),
      drainConnections: () => this.#drain(),
      resumeConnections: () => {
        this.#drainage += 1;
        this.#finished = false;
        this.#moves?.end();
        drainer.resume();
      },
      cutConnections: () => drainer.cut(),
      moveConnections: () => void this.#moves?.begin(),
      sendConnections: () => this.#moves?.send(),
      releaseConnections: () => this.#moves?.release(),
      keepConnections: () => this.#moves?.keep(),
      killChild: () => this.#link?.kill(),
      reportProgress: () => {},
      reportAborted: () => this.#reportFailure("aborted"),
      reportRolledBack: () => this.#reportFailure("rolledBack"),
      reportCommitted: () => {
        if (this.#record) this.#record.state = this.#exporter?.report();
        this.#committed = this.#record?.report("committed");
        if (this.#committed) this.waiters.commit(this.#committed);
      },
      leave: () => void this.#leave(),
    };
  }

  /** A parent that drains must not leave behind a child that is dead already: the exit is about to be told. */
  #look(event: ParentEvent, state: ParentState): ParentEvent | undefined {
    const waits = state === "draining" || event === "connectionsAdoptedReceived";
    const overtaken = waits && waitForExit.has(event) && this.#link?.exited;
    return overtaken ? undefined : event;
  }

  #reached(state: ParentState): void {
    const step = stepNames[state];
    if (step !== undefined) this.#record?.reached(step);
    if (!exporting.has(state)) this.#exporter?.end();
    // What was finished while the child's exit was awaited is finished still when the service ends instead.
    if (state === "departing" && this.#finished) this.#driver.dispatch("drained");
  }

  #spawn(): void {
    const { number, spawner, settings, streams } = this.#service;
    this.waiters.begin();
    this.#driver.forgetReason();
    this.#committed = undefined;
    this.#record = new HandoffRecord(number);
    this.#offered = [
      ...(streams.names.length > 0 ? ["state"] : []),
      ...(settings.connections === "move" && mayHaveSyscalls() ? ["connections"] : []),
    ];
    try {
      spawner.spawn(this.#sealed(), {
        spawned: (child) => this.#spawned(child),
        failed: (error) => this.#driver.dispatch("spawnFailed", error),
        exited: (code, signal) => this.#exited(code, signal),
      });
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
      this.#driver.dispatch("spawnFailed", error);
    }
  }

  #sealed(): SpawnRequest {
    const { number, launch, listeners, settings } = this.#service;
    const { listeners: offered, descriptors } = listeners.offer(firstListenerDescriptor);
    const offer = encodeOffer({
      type: "offer",
      protocol: supportedVersions,
      generation: number + 1,
      parent: { pid: process.pid },
      channel: channelDescriptor,
      descriptorChannel: descriptorChannelDescriptor,
      listeners: offered,
      deadlines: {
        commitMs: Math.min(settings.deadlinesMs.park + settings.deadlinesMs.commit, limits.deadlineMsMax),
      },
      features: this.#offered,
    });
    return { launch, offer, descriptors };
  }

  #spawned(child: SpawnedChild): void {
    if (this.#record) this.#record.pid = child.pid;
    this.#link = new ChildLink(child, {
      message: (message, link) => this.#receive(message, link),
      violated: (error) => this.#driver.dispatch("protocolViolated", error),
      ended: () => this.#driver.dispatch("channelEnded"),
    });
    this.#moves = new ParentMoves(this.#service, this.#link, {
      paused: () => this.#driver.dispatch("connectionsPaused"),
      unsent: () => this.#driver.dispatch("connectionsRefusedReceived"),
    });
    this.#driver.dispatch("childSpawned");
  }

  #receive(message: Message, link: ChildLink): void {
    const { state } = this.#driver;
    const fault = faultOf(message, this.#service.listeners.offeredNames, this.#offered);
    if (fault !== undefined) {
      link.refuseMore(fault);
      return;
    }
    const { type } = message as ChildMessage;
    const event = eventOf(type);
    if (!Object.hasOwn(parentRole.table[state], event)) {
      link.refuseMore(violation("child", type, state));
      return;
    }
    const objection = this.#negotiateState(message, link) ?? this.#moves?.hear(message);
    if (objection !== undefined) {
      link.refuseMore(objection);
      return;
    }
    if (message.type === "ready" && this.#record) this.#record.listeners = message.listeners;
    // Once the event loop has looked for news: a child that is dead by now has asked, or adopted, in vain.
    if (message.type === "relinquish") setImmediate(() => this.#relinquish());
    else if (message.type === "connections-adopted") setImmediate(() => this.#adopted(message));
    else this.#driver.dispatch(event as ParentEvent, reasonIn(message));
  }

  /** Notes what the child takes and wants of the state. Returns what is wrong with that. */
  #negotiateState(message: Message, link: ChildLink): HandoffError | undefined {
    if (message.type === "accept") {
      this.#exporter = message.features.includes("state")
        ? new Exporter(this.#service.streams, link.channel, (error) =>
            this.#driver.dispatch("exportFailed", error),
          )
        : undefined;
    }
    if (message.type !== "state-wanted") return undefined;
    return this.#exporter === undefined
      ? violation("child", message.type, this.state)
      : this.#exporter.want(message);
  }

  #adopted(message: ConnectionsAdopted): void {
    if (!moving.has(this.state) || this.#moves?.hear(message) !== undefined) return;
    const refused = this.#moves?.isRefusal(message);
    this.#driver.dispatch(refused ? "connectionsRefusedReceived" : "connectionsAdoptedReceived");
  }

  #relinquish(): void {
    if (this.state === "draining") this.#driver.dispatch("relinquishReceived");
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const told = () =>
      this.#driver.dispatch("childExited", childExit(this.#service.number + 1, this.state, code, signal));
    if (this.#link === undefined) told();
    else this.#link.settle(told);
  }

  #retire(): void {
    const park = this.#park;
    const done = (event: "parked" | "parkFailed", error?: HandoffError) => {
      if (park === this.#park) this.#driver.dispatch(event, error);
    };
    const work = this.#service.hooks.runRetire();
    if (work === undefined) done("parked");
    else
      work.then(
        () => done("parked"),
        (error: HandoffError) => done("parkFailed", error),
      );
  }

  #drain(): void {
    const { listeners, drainer, hooks, settings } = this.#service;
    const handsOver = this.state === "draining";
    listeners.stopAccepting();
    this.#drainage += 1;
    this.#finished = false;
    const drainage = this.#drainage;
    let waitingFor = 3;
    const done = () => {
      waitingFor -= 1;
      if (waitingFor === 0) setImmediate(() => this.#drained(drainage));
    };
    const retire = hooks.runRetire();
    if (retire === undefined) done();
    else retire.catch((error: HandoffError) => settings.log(error.message)).then(done);
    // A child that is owner for a moment only may be dead already: the system tells so milliseconds later.
    setTimeout(done, handsOver ? settings.probationMs : 0);
    const moves = handsOver ? this.#moves : undefined;
    if (!handsOver) this.#moves?.finish();
    drainer.begin((listener) => moves?.drainMode(listener) ?? "stop", done);
  }

  /** Called once the event loop has looked for news, so that an exit that has happened by now has been seen. */
  #drained(drainage: number): void {
    if (drainage !== this.#drainage) return;
    this.#finished = true;
    if (finishing.has(this.state)) this.#driver.dispatch("drained");
  }

  #reportFailure(outcome: "aborted" | "rolledBack"): void {
    const error = this.#driver.reason ?? stopping();
    if (this.#record) this.#service.concluded(this.#record.report(outcome, error));
    this.#record = undefined;
    this.#committed = undefined;
    this.#link?.close();
    this.#link = undefined;
    this.#moves = undefined;
    this.#exporter = undefined;
    this.waiters.fail(error);
    if (this.state === "stopping") this.waiters.deny(error);
    this.#driver.forgetReason();
  }

  async #leave(): Promise<void> {
    const { drainer, hooks, listeners, settings } = this.#service;
    drainer.leave();
    if (this.#committed) this.#service.concluded({ ...this.#committed, drain: drainer.counts() });
    listeners.finish();
    const bound = setTimeout(() => {
      settings.log(
        `generation ${this.#service.number} exits without its onExit hooks: they took longer than exitDeadlineMs`,
      );
      process.exit(1);
    }, settings.deadlinesMs.exit);
    await hooks.runExit()?.catch((error: HandoffError) => settings.log(error.message));
    await this.#link?.flushed();
    clearTimeout(bound);
    process.exit(0);
  }

  #send(message: Message): void {
    this.#link?.send(message);
  }
}

function reasonIn(message: Message): HandoffError | undefined {
  if (message.type === "refuse") return remoteError("child", "VERSION_UNSUPPORTED", message.message);
  if (message.type === "abort") {
    const code = message.code === "STATE_REFUSED" ? "STATE_REFUSED" : "CHILD_FAILED";
    return remoteError("child", code, message.message);
  }
  return undefined;
}

function stopping(): HandoffError {
  return new HandoffError("STOPPING", { message: "the service was told to end: start it again instead" });
}
