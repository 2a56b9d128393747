import { closeSync } from "node:fs";
import type { HandoffError, ListenerDisposition, Message } from "@heirloom/protocol";
import type { DrainMode } from "../drain/connection-tracker.js";
import { openConnection } from "../moves/adopter.js";
import { Mover } from "../moves/mover.js";
import { receiveReturned } from "../moves/returned.js";
import { loadSyscalls, type Syscalls } from "../syscalls.js";
import type { ChildLink } from "./child-link.js";
import { violation } from "./message-event.js";
import type { Service } from "./service.js";

const http1 = "http/1.1";
/** For how long after the handoff the child may leave it open whether it takes connections. */
const awaitedMs = 2_000;

export interface MoveEvents {
  /** A batch is paused, and waits for `send`. */
  paused(): void;
  /** The batch could not be passed on. */
  unsent(): void;
  /** Whether this generation takes the service back, should the child have exited. */
  hasWayBack(): boolean;
}

/** What a parent's machine has to do with connections that move, for one handoff. */
export class ParentMoves {
  readonly #service: Service;
  readonly #link: ChildLink;
  readonly #events: MoveEvents;
  #agreed = false;
  /** The listeners that the child has inherited: connections of others have nowhere to go. */
  #heirs: ReadonlySet<string> = new Set();
  /** Which protocols the child takes over, once it has said so. */
  #awaited: readonly string[] | undefined;
  #mover: Mover | undefined;
  #syscalls: Syscalls | undefined;
  #over = false;
  /** Whether the child has left it open for too long what it takes, leaves a batch unanswered, or refuses one after the other. */
  #stalled = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(service: Service, link: ChildLink, events: MoveEvents) {
    this.#service = service;
    this.#link = link;
    this.#events = events;
  }

  /** Notes what the child says. Returns what is wrong with that. */
  hear(message: Message): HandoffError | undefined {
    switch (message.type) {
      case "accept":
        this.#agreed = message.features.includes("connections");
        return undefined;
      case "ready":
        this.#heirs = new Set(message.listeners.filter(isInherited).map(({ name }) => name));
        return undefined;
      case "connections-awaited":
        this.#awaited = message.protocols;
        return this.#agreed ? undefined : violation("child", message.type, "without the feature connections");
      case "connections-adopted": {
        const size = this.#mover?.sizeOf(message.batch) ?? 0;
        return size > 0 && message.count <= size
          ? undefined
          : violation("child", message.type, `not waiting for ${message.count} of batch ${message.batch}`);
      }
      default:
        return undefined;
    }
  }

  /** Whether fewer connections arrived than were sent. */
  isRefusal(message: Message): boolean {
    return message.type === "connections-adopted" && message.count < (this.#mover?.size ?? 0);
  }

  /** What becomes of a listener's connections: until the child has said that it takes none, they may move. */
  drainMode(listener: string): DrainMode {
    // Nobody who is between two requests is to be cut at the deadline because the others' move has come to a stop.
    // Where the service is about to be taken back, nobody is told to go.
    if (this.#stalled || (this.#link.exited && !this.#events.hasWayBack())) return "close";
    const awaited = this.#awaited ?? (this.#agreed ? [http1] : []);
    return awaited.includes(http1) && this.#heirs.has(listener) ? "move" : "close";
  }

  /** Waits for the child to say what it takes: it may have, in a channel that carries noise by now. */
  expect(): void {
    if (this.#agreed && this.#awaited === undefined) {
      this.#patience = setTimeout(() => this.#stall(true), awaitedMs);
    }
  }

  /** Begins to move connections. */
  async begin(): Promise<void> {
    const { drainer, movables, settings } = this.#service;
    clearTimeout(this.#patience);
    this.#stalled = false;
    const syscalls = await loadSyscalls();
    this.#syscalls = syscalls;
    const channel = this.#link.descriptorChannel;
    if (this.#over) return;
    if (syscalls === undefined || channel === undefined) this.#awaited = [];
    else {
      this.#mover ??= new Mover({
        movables,
        syscalls,
        channel,
        listeners: this.#heirs,
        slowStart: settings.slowStart,
        listenerOf: (socket) => drainer.listenerOf(socket),
        send: (message, done) => this.#link.channel.send(message, done),
        sendEncoded: (message) => this.#link.channel.sendEncoded(message),
        ...this.#events,
        stalled: (stalled) => this.#stall(stalled),
        moved: (sockets, pausedMs) => {
          drainer.tally.paused(pausedMs);
          drainer.part(sockets, "moved");
        },
        ended: (socket, end) => drainer.part([socket], end),
      });
      this.#mover.begin(this.#awaited ?? []);
    }
    this.#drainAnew();
  }

  send(): void {
    this.#mover?.send();
  }

  release(): void {
    // Whoever was told of this step may have taken time: what leaves with its late bytes would be lost. The exit is told next.
    if (!this.#link.exited) this.#mover?.release();
  }

  keep(): void {
    // Nothing moves to a child that is gone, whose descriptor channel's number may be another one's by now, or that takes nothing.
    const nothingMoves = (this.#link.exited || this.#awaited?.length === 0) && !this.#over;
    if (nothingMoves) this.finish();
    this.#mover?.keep();
    if (nothingMoves) this.#drainAnew();
  }

  /** Begins no further batch. */
  finish(): void {
    this.#over = true;
    clearTimeout(this.#patience);
    this.#mover?.finish();
  }

  /** Nothing moves any more, and what is on its way stays here. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#patience);
    this.#mover?.end();
  }

  /** Goes on with what a child that has exited gave back. Returns how many connections that were. */
  takeBack(): number {
    const channel = this.#link.descriptorChannel;
    if (this.#syscalls === undefined || channel === undefined) return 0;
    const { movables, drainer } = this.#service;
    let count = 0;
    for (const connection of receiveReturned(this.#syscalls, channel)) {
      try {
        openConnection(connection, movables, drainer);
        count += 1;
      } catch {
        // It is none. Nothing that a child leaves keeps its parent from serving.
        closeSync(connection.descriptor);
      }
    }
    return count;
  }

  #stall(stalled: boolean): void {
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    if (!this.#over) this.#drainAnew();
  }

  #drainAnew(): void {
    this.#service.drainer.change((listener) => this.drainMode(listener));
  }
}

function isInherited({ disposition }: ListenerDisposition): boolean {
  return disposition === "inherited";
}
