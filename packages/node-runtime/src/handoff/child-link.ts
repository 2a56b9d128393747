import type { HandoffError, Message } from "@heirloom/protocol";
import { Channel } from "../channel.js";
import { descriptorOf } from "../node-internals.js";
import type { SpawnedChild } from "../process/spawn.js";

/** How long a dead child's last words are waited for: they are in this machine's memory already. */
const lastWordsMs = 100;

export interface ChildLinkListener {
  message(message: Message, link: ChildLink): void;
  violated(error: HandoffError): void;
  /** The child's end of the channel is closed. */
  ended(): void;
}

/** A parent's link to its child: the channel, the descriptor channel, the process. */
export class ChildLink {
  readonly channel: Channel;
  readonly #child: SpawnedChild;

  constructor(child: SpawnedChild, listener: ChildLinkListener) {
    this.#child = child;
    this.channel = new Channel(child.channel, {
      message: (message) => listener.message(message, this),
      violated: (error) => listener.violated(error),
      ended: () => listener.ended(),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Whether the process's exit has been seen, if not told yet. */
  get exited(): boolean {
    return this.#child.exited;
  }

  /** This side of the descriptor channel; undefined once it is closed. */
  get descriptorChannel(): number | undefined {
    return descriptorOf(this.#child.descriptorChannel);
  }

  send(message: Message): void {
    this.channel.send(message);
  }

  /** Treats what the child says from here on as noise. */
  refuseMore(error: HandoffError): void {
    this.channel.refuseMore(error);
  }

  kill(): void {
    this.#child.kill();
  }

  /** Calls back when a child that has exited has been heard to the end: what it said last explains its exit. */
  settle(exited: () => void): void {
    const settled = () => {
      clearTimeout(timer);
      this.channel.close();
      // What it gave back is looked for by whoever is told.
      exited();
      this.close();
    };
    const timer = setTimeout(settled, lastWordsMs);
    if (this.channel.ended) settled();
    else this.channel.onceEnded(settled);
  }

  flushed(): Promise<void> {
    return this.channel.flushed();
  }

  close(): void {
    this.channel.close();
    this.#child.descriptorChannel.destroy();
  }
}
