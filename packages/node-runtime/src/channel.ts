import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { decodeMessage, encodeMessage, FrameDecoder, HandoffError, type Message } from "@heirloom/protocol";
import { descriptorOf } from "./node-internals.js";

/** More than the kernel holds of a channel, in bytes: one read takes all that is left. */
const leftBytesMax = 2 ** 20;

export interface ChannelListener {
  message(message: Message): void;
  /** A frame or a message that breaks the protocol. Nothing is read after it, but the end is still reported. */
  violated(error: HandoffError): void;
  /** The peer's end is closed: it died, or gave up the channel. Once. */
  ended(): void;
}

/**
 * One side of the connected stream pair between a parent and its child.
 * @see spec/v1/framing.md
 */
export class Channel {
  readonly #socket: Socket;
  readonly #listener: ChannelListener;
  readonly #decoder = new FrameDecoder();
  /** Whole messages that were read and wait for `resume`: no more than one read of the socket holds. */
  #held: Uint8Array[] = [];
  #paused = false;
  #delivering = false;
  /** Messages that are not yet in the kernel's hands. */
  #writing = 0;
  #whenFlushed: (() => void)[] = [];
  #violated = false;
  #ended = false;
  #afterEnd: (() => void) | undefined;
  /** What the peer had written when a write to it failed. */
  #left: Uint8Array | undefined;

  constructor(socket: Socket, listener: ChannelListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
    socket.on("end", () => this.#end());
    // A peer that dies with unread bytes resets the channel, and a write to a dead peer fails: both mean its end.
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
    // A socket that fails to write is destroyed, with all that it has not read: the last words of a peer that is dead (B-16).
    const { destroy } = socket;
    socket.destroy = (error) => {
      if (error !== undefined) this.#left ??= this.#readLeft();
      return destroy.call(socket, error);
    };
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls back after `ended` has been told, once. */
  onceEnded(callback: () => void): void {
    this.#afterEnd = callback;
  }

  /**
   * Sends, if anybody is there to read: a peer that is gone is reported by `ended`, not here. `done` is called once the message is
   * in the kernel's hands, which a later death of the peer does not change, or never can be.
   */
  send(message: Message, done?: (sent: boolean) => void): void {
    this.sendEncoded(encodeMessage(message), done);
  }

  /** The same with what `encodeMessage` made of it. */
  sendEncoded(message: Uint8Array, done?: (sent: boolean) => void): void {
    if (this.#ended || !this.#socket.writable) {
      done?.(false);
      return;
    }
    this.#writing += 1;
    this.#socket.write(message, (error) => {
      this.#writing -= 1;
      done?.(error == null);
      if (this.#writing === 0) this.#flush();
    });
  }

  /** Resolves once everything sent is in the kernel's hands, or the peer is gone. */
  flushed(): Promise<void> {
    if (this.#ended || this.#writing === 0) return Promise.resolve();
    // Not the socket's `drain`: it tells nothing of a last message that is small.
    return new Promise((resolve) => this.#whenFlushed.push(resolve));
  }

  /** Tells nothing more until `resume`, and takes nothing more from the kernel: in the end the peer has to wait. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#deliver();
    if (!this.#paused) this.#socket.resume();
  }

  /** Treats what the peer says from here on as noise. */
  refuseMore(error: HandoffError): void {
    if (this.#violated) return;
    this.#violated = true;
    this.#listener.violated(error);
  }

  /** Lets the process end while the channel is open. */
  unref(): void {
    this.#socket.unref();
  }

  /** Gives the channel up. Nothing is told from here on. */
  close(): void {
    this.#ended = true;
    this.#afterEnd = undefined;
    this.#socket.destroy();
    this.#flush();
  }

  #flush(): void {
    const flushed = this.#whenFlushed;
    this.#whenFlushed = [];
    for (const resolve of flushed) resolve();
  }

  #read(chunk: Uint8Array): void {
    if (this.#violated) return;
    try {
      for (const payload of this.#decoder.push(chunk)) this.#held.push(payload);
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
      this.refuseMore(error);
    }
    this.#deliver();
  }

  #deliver(): void {
    if (this.#violated || this.#ended || this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused) {
        const payload = this.#held.shift();
        if (payload === undefined) break;
        const message = decodeMessage(payload);
        if (message !== undefined) this.#listener.message(message);
        if (this.#violated || this.#ended) return;
      }
      if (this.#paused) return;
      // Whole frames in front of a broken one count, so that the outcome does not depend on how the stream was cut.
      if (this.#decoder.failure !== undefined) this.refuseMore(this.#decoder.failure);
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
      this.refuseMore(error);
    } finally {
      this.#delivering = false;
    }
  }

  #readLeft(): Uint8Array | undefined {
    const descriptor = descriptorOf(this.#socket);
    if (descriptor === undefined) return undefined;
    const bytes = new Uint8Array(leftBytesMax);
    let size = 0;
    try {
      for (let read = -1; read !== 0; size += read)
        read = readSync(descriptor, bytes, size, bytes.length - size, null);
    } catch {
      // Nothing is left.
    }
    return bytes.subarray(0, size);
  }

  #end(): void {
    if (this.#ended) return;
    if (this.#left !== undefined) this.#read(this.#left);
    if (this.#ended) return;
    this.#ended = true;
    this.#flush();
    // Nobody is left to write to, and a descriptor that stays open for ever is a leak.
    this.#socket.destroy();
    this.#listener.ended();
    this.#afterEnd?.();
  }
}
