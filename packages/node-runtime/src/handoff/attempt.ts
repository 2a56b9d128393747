import {
  type ChildMessage,
  type ConnectionsAdopted,
  type ConnectionsAwaited,
  HandoffError,
  type Message,
  type ParentEvent,
  type ParentState,
  type Progress,
  parentRole,
  type Superseded,
} from "@heirloom/protocol";
import { afterReading } from "../event-loop.js";
import type { SpawnedChild } from "../process/spawn.js";
import { HandoffRecord } from "../report.js";
import { Exporter } from "../state/exporter.js";
import { publishProgress } from "../steps.js";
import { childExit } from "./child-exit.js";
import { ChildLink } from "./child-link.js";
import { faultOf } from "./child-message.js";
import { eventOf, remoteError, violation } from "./message-event.js";
import { ParentMoves } from "./parent-moves.js";
import type { Service } from "./service.js";
import { offeredFeatures, spawnRequest } from "./spawn-request.js";

/** The parent's machine, as one handoff sees it. */
export interface ParentMachine {
  readonly state: ParentState;
  dispatch(event: ParentEvent, reason?: HandoffError): void;
}

/** Where the child's exit brings the service back. */
const hasWayBack = new Set<ParentState>(["committing", "draining", "fencing"]);
/** Where connections move. */
const moving = new Set<ParentState>(["draining", "departing"]);

/** One handoff, from the spawn to its end: the child, and what is said between the two. */
export class Attempt {
  readonly record: HandoffRecord;
  readonly #service: Service;
  readonly #machine: ParentMachine;
  /** What the child is offered, by their names. */
  readonly #features: readonly string[];
  readonly #listeners: readonly string[];
  #link: ChildLink | undefined;
  #moves: ParentMoves | undefined;
  #exporter: Exporter | undefined;
  #newest: number;
  #progress: Progress | undefined;

  constructor(service: Service, machine: ParentMachine) {
    this.record = new HandoffRecord(service.number);
    this.#service = service;
    this.#newest = service.number + 1;
    this.#machine = machine;
    this.#features = offeredFeatures(service);
    this.#listeners = service.listeners.held.map(({ name }) => name);
  }

  /** The child's process. */
  get pid(): number | undefined {
    return this.#link?.pid;
  }

  /** Whether the child's exit has been seen, if not told yet. */
  get exited(): boolean {
    return this.#link?.exited ?? false;
  }

  /** The number of the newest owner that is known here, once the child is one. */
  get newest(): number {
    return this.#newest;
  }

  /** What moves to the child; undefined before it was spawned. */
  get moves(): ParentMoves | undefined {
    return this.#moves;
  }

  /** Gives the child the application's state; undefined where not both sides carry any. */
  get exporter(): Exporter | undefined {
    return this.#exporter;
  }

  /** Seals the offer, and starts the child with it. */
  spawn(): void {
    try {
      this.#service.spawner.spawn(spawnRequest(this.#service, this.#features), {
        spawned: (child) => this.#spawned(child),
        failed: (error) => this.#machine.dispatch("spawnFailed", error),
        exited: (code, signal) => this.#exited(code, signal),
      });
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
      this.#machine.dispatch("spawnFailed", error);
    }
  }

  send(message: Message): void {
    this.#link?.send(message);
  }

  kill(): void {
    this.#link?.kill();
  }

  /** Tells what the child said last that it is busy with. */
  reportProgress(): void {
    if (this.#progress === undefined) return;
    const { step, permille } = this.#progress;
    const { number: generation } = this.#service;
    publishProgress({ generation, step, ...(permille !== undefined && { permille }) });
  }

  takeBack(): void {
    this.record.returned = this.#moves?.takeBack() ?? 0;
  }

  async flushed(): Promise<void> {
    await this.#link?.flushed();
  }

  close(): void {
    this.#link?.close();
  }

  #spawned(child: SpawnedChild): void {
    this.record.pid = child.pid;
    this.#link = new ChildLink(child, {
      message: (message, link) => this.#receive(message, link),
      violated: (error) => this.#machine.dispatch("protocolViolated", error),
      ended: () => this.#machine.dispatch("channelEnded"),
    });
    this.#moves = new ParentMoves(this.#service, this.#link, {
      paused: () => this.#machine.dispatch("connectionsPaused"),
      unsent: () => this.#machine.dispatch("connectionsRefusedReceived"),
      hasWayBack: () => hasWayBack.has(this.#machine.state),
    });
    this.#machine.dispatch("childSpawned");
  }

  #receive(message: Message, link: ChildLink): void {
    const fault = this.#faultOf(message, link);
    if (fault !== undefined) {
      link.refuseMore(fault);
      return;
    }
    if (message.type === "progress") this.#progress = message;
    if (message.type === "ready") this.record.listeners = message.listeners;
    // A child that is dead by now has asked, or adopted, in vain.
    if (message.type === "relinquish") afterReading(() => this.#relinquish());
    else if (message.type === "connections-adopted") afterReading(() => this.#adopted(message));
    // In the order in which they came: this one may be about the batch after the one that was adopted.
    else if (message.type === "connections-awaited") afterReading(() => this.#awaited(message));
    else if (message.type === "superseded") this.#superseded(message);
    else this.#machine.dispatch(eventOf(message.type) as ParentEvent, reasonIn(message));
  }

  /** @see spec/v1/deadlines.md, D-6 */
  #superseded({ generation }: Superseded): void {
    this.#newest = generation;
    const { number, settings } = this.#service;
    const { generationsMax } = settings.drain;
    if (generation - number <= generationsMax) {
      this.#machine.dispatch("supersededReceived");
      return;
    }
    if (this.#machine.state === "departing") {
      settings.log(
        `generation ${number} (pid ${process.pid}) leaves before it has drained: generation ${generation} is owner, and at most ${generationsMax} may drain at once (drain.generationsMax)`,
      );
    }
    this.#machine.dispatch("drainBoundHit");
  }

  /** What is wrong with a message here and now; undefined where nothing is, and then it has been noted. */
  #faultOf(message: Message, link: ChildLink): HandoffError | undefined {
    const { type } = message as ChildMessage;
    const { state } = this.#machine;
    return (
      faultOf(message, this.#listeners, this.#features) ??
      (Object.hasOwn(parentRole.table[state], eventOf(type)) ? undefined : violation("child", type, state)) ??
      this.#hearOfState(message, link) ??
      this.#moves?.hear(message)
    );
  }

  /** Notes what the child takes and wants of the state. Returns what is wrong with that. */
  #hearOfState(message: Message, link: ChildLink): HandoffError | undefined {
    if (message.type === "accept" && message.features.includes("state")) {
      const failed = (error: HandoffError) => this.#machine.dispatch("exportFailed", error);
      this.#exporter = new Exporter(this.#service.streams, link.channel, failed);
    }
    if (message.type !== "state-wanted") return undefined;
    return this.#exporter === undefined
      ? violation("child", message.type, this.#machine.state)
      : this.#exporter.want(message);
  }

  #adopted(message: ConnectionsAdopted): void {
    if (!moving.has(this.#machine.state) || this.#moves?.hear(message) !== undefined) return;
    const refused = this.#moves?.isRefusal(message);
    this.#machine.dispatch(refused ? "connectionsRefusedReceived" : "connectionsAdoptedReceived");
  }

  #awaited({ protocols }: ConnectionsAwaited): void {
    if (!moving.has(this.#machine.state)) return;
    this.#machine.dispatch(
      protocols.length > 0 ? "connectionsAwaitedReceived" : "connectionsDeclinedReceived",
    );
  }

  #relinquish(): void {
    if (this.#machine.state === "draining") this.#machine.dispatch("relinquishReceived");
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const told = () => {
      const { number } = this.#service;
      this.#machine.dispatch("childExited", childExit(number + 1, this.#machine.state, code, signal));
    };
    if (this.#link === undefined) told();
    else this.#link.settle(told);
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
