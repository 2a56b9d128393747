import type { HandoffError, ListenerDisposition, Message } from "@heirloom/protocol";
import type { DrainMode } from "../drain/connection-tracker.js";
import { Mover } from "../moves/mover.js";
import { loadSyscalls } from "../syscalls.js";
import type { ChildLink } from "./child-link.js";
import { violation } from "./message-event.js";
import type { Service } from "./service.js";

const http1 = "http/1.1";

/** What a parent's machine has to do with connections that move, for one handoff. */
export class ParentMoves {
  readonly #service: Service;
  readonly #link: ChildLink;
  readonly #paused: () => void;
  #agreed = false;
  /** The listeners that the child has: connections of others have nowhere to go. */
  #heirs: ReadonlySet<string> = new Set();
  /** Which protocols the child takes over, once it has said so. */
  #awaited: readonly string[] | undefined;
  #mover: Mover | undefined;
  #over = false;

  /** `paused`: a batch is, and waits for `send`. */
  constructor(service: Service, link: ChildLink, paused: () => void) {
    this.#service = service;
    this.#link = link;
    this.#paused = paused;
  }

  /** Notes what the child says. Returns what is wrong with that. */
  hear(message: Message): HandoffError | undefined {
    switch (message.type) {
      case "accept":
        this.#agreed = message.features.includes("connections");
        return undefined;
      case "ready":
        this.#heirs = new Set(message.listeners.filter(isHeld).map(({ name }) => name));
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
    const awaited = this.#awaited ?? (this.#agreed ? [http1] : []);
    return awaited.includes(http1) && this.#heirs.has(listener) ? "move" : "close";
  }

  /** Begins to move connections. */
  async begin(): Promise<void> {
    const { drainer, movables, settings } = this.#service;
    const syscalls = await loadSyscalls();
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
        send: (message) => this.#link.send(message),
        paused: this.#paused,
        waited: (ms) => drainer.tally.paused(ms),
      });
      this.#mover.begin(this.#awaited ?? []);
    }
    drainer.change((listener) => this.drainMode(listener));
  }

  send(): void {
    this.#mover?.send();
  }

  release(): void {
    this.#mover?.release();
  }

  keep(): void {
    this.#mover?.keep();
  }

  /** Begins no further batch. */
  finish(): void {
    this.#over = true;
    this.#mover?.finish();
  }

  /** Nothing moves any more, and what is on its way stays here. */
  end(): void {
    this.finish();
    this.keep();
  }
}

function isHeld({ disposition }: ListenerDisposition): boolean {
  return disposition !== "dropped";
}
