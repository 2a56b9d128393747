import { encodeMessage, limits, type Message, type MovedConnection } from "@heirloom/protocol";
import { now } from "../clock.js";
import type { ConnectionEnd } from "../drain/tally.js";
import { afterReading } from "../event-loop.js";
import { type Connection, descriptorOf } from "../node-internals.js";
import type { Syscalls } from "../syscalls.js";
import { sendBatch } from "./descriptor-channel.js";
import type { ListenerOf, Movable, PausedConnection } from "./movable.js";

/** Connections in the first batch; each further one has twice as many, up to what one message takes. */
const batchMin = 2;
const batchMax = limits.connectionsMax;
/** Between two batches while they still grow: time for the child to warm up on what it has. */
const rampMs = 15;
/** A client that has been idle for so long is likely to be for a while, and warms nobody up. */
const quietMs = 1_000;
/** After a batch that could not be sent or taken, and where nobody tells that a connection has come to a boundary. */
const retryMs = 250;
/** Copies that are closed in one turn: closing one takes about as long as answering a request. */
const closedAtOnce = 32;
/** For how long copies may wait for batches: a client waits for its move, and hardly any for this. */
const copiesMs = 250;
/** For how long the child may leave a batch unanswered before the rest no longer counts on moving. */
const answerMs = 1_000;
/** And how many batches in a row may stay here, each of them tried a little later than the last. */
const keptMax = answerMs / retryMs;
/** What the application says about the connections of one batch has to fit into one frame. */
const batchStateBytesMax = limits.frameBytesMax / 2;

export interface MoverOptions {
  readonly movables: ReadonlyMap<string, Movable>;
  readonly syscalls: Syscalls;
  /** The descriptor of this side of the descriptor channel. */
  readonly channel: number;
  /** The names of the listeners that the child has. */
  readonly listeners: ReadonlySet<string>;
  /** Whether to begin with few connections. */
  readonly slowStart: boolean;
  readonly listenerOf: ListenerOf;
  /** Calls `done` once the message is in the kernel's hands, or never can be: the child is gone. */
  send(message: Message, done?: (sent: boolean) => void): void;
  /** The same with what `encodeMessage` made of it. */
  sendEncoded(message: Uint8Array): void;
  /** A batch is paused, and waits for `send`. */
  paused(): void;
  /** The batch could not be passed on, and waits for `keep`. */
  unsent(): void;
  /**
   * True: the child has taken none for a while. It hangs, it has no descriptors left, or one side's channel carried noise, and nobody
   * will ever read from it again. False: it takes them, or may.
   */
  stalled(stalled: boolean): void;
  /** These connections are the child's now, and were read by nobody for so long. */
  moved(connections: readonly Connection[], pausedMs: number): void;
  /** This one has ended on its way. */
  ended(connection: Connection, end: ConnectionEnd): void;
}

interface Batch {
  readonly number: number;
  readonly connections: readonly PausedConnection[];
  readonly pausedAt: number;
  /** The message that announces it. */
  readonly encoded: Uint8Array;
}

/** Moves connections to the child, one batch after the other. @see spec/v1/connections.md */
export class Mover {
  readonly #options: MoverOptions;
  #protocols = new Set<string>();
  #batch: Batch | undefined;
  /** Behind a full batch, which is on its way, the next one is paused and encoded already: the child need not wait for that. */
  #ahead: Batch | undefined;
  /** How many batches were passed on. */
  #sent = 0;
  /** How many in a row have stayed here. */
  #kept = 0;
  #size: number;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Immediate | undefined;
  #idle: NodeJS.Timeout | undefined;
  #answer: NodeJS.Timeout | undefined;
  #ended = false;
  /** Copies of what has moved, and the closing of them that is under way. */
  readonly #copies: Connection[] = [];
  /** When the oldest of them has moved. */
  #copiedAt = 0;
  #closing: NodeJS.Immediate | undefined;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#size = options.slowStart ? batchMin : batchMax;
  }

  /** Connections on their way. */
  get size(): number {
    return this.#batch?.connections.length ?? 0;
  }

  /** Whether this is the batch that is on its way, and how many connections it has; otherwise 0. */
  sizeOf(batch: number): number {
    return this.#batch?.number === batch ? this.size : 0;
  }

  /** The child takes these protocols. */
  begin(protocols: readonly string[]): void {
    const known = protocols.filter((name) => this.#options.movables.has(name) && !this.#protocols.has(name));
    for (const name of known) {
      this.#protocols.add(name);
      this.#options.movables.get(name)?.begin(() => this.#settled(), this.#options.listenerOf);
    }
    this.#next();
  }

  /** Passes the paused batch on. */
  send(): void {
    const { syscalls, channel, sendEncoded, unsent } = this.#options;
    const batch = this.#batch;
    if (batch === undefined) return;
    const descriptors = batch.connections.map(({ socket }) => descriptorOf(socket) ?? -1);
    if (sendBatch(syscalls, channel, batch.number, descriptors)) {
      this.#sent = batch.number;
      this.#answer = setTimeout(() => afterReading(() => this.#miss(batch)), answerMs);
      sendEncoded(batch.encoded);
      if (batch.connections.length === batchMax) this.#lookAhead();
    } else {
      unsent();
    }
  }

  /** The child has the whole batch: let it read. That it is told so is what gives the batch away, and nothing before it. */
  release(): void {
    const batch = this.#take();
    if (batch === undefined) return;
    const { number, connections, pausedAt } = batch;
    const { send, stalled } = this.#options;
    this.#kept = 0;
    stalled(false);
    for (const [index, { late }] of connections.entries()) {
      if (late === undefined) continue;
      for (const bytes of pieces(late())) {
        send({ type: "connections-late", batch: number, index, bytes });
      }
    }
    // These have left with their late bytes. Of the others nothing was read here.
    const parted = connections.filter((connection) => !isCopy(connection));
    for (const connection of parted) {
      connection.socket.destroy();
      connection.parted?.();
    }
    const pausedMs = now() - pausedAt;
    this.#moved(
      parted.filter((connection) => !this.#countEnded(connection)),
      pausedMs,
    );
    send({ type: "connections-released", batch: number }, (sent) => {
      const copies = connections.filter(isCopy);
      if (sent) this.#released(copies, pausedMs, connections.every(isQuiet));
      else this.#resume(copies);
    });
  }

  /** The batch stays here. */
  keep(): void {
    const batch = this.#take();
    if (batch === undefined) return;
    this.#kept += 1;
    this.#options.stalled(this.#kept >= keptMax);
    this.#resume(batch.connections);
    this.#closeCopies();
  }

  /** Begins no further batch. The one on its way is released or kept as ever. */
  finish(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#idle);
    clearImmediate(this.#look);
    this.#resumeAhead();
    for (const name of this.#protocols) this.#options.movables.get(name)?.end();
  }

  /** Nothing moves any more, and what is on its way stays here. */
  end(): void {
    this.finish();
    this.keep();
  }

  #miss(batch: Batch): void {
    if (this.#batch !== batch) return;
    this.#resumeAhead();
    this.#options.stalled(true);
  }

  /** `copies` are of what nobody here can write to. They are closed in bulk once no batch is on its way: closing takes longer than moving. */
  #released(copies: readonly PausedConnection[], pausedMs: number, quiet: boolean): void {
    const growing = this.#size < batchMax;
    this.#size = Math.min(this.#size * 2, batchMax);
    // The next batch first: the child works on it while this process keeps its books.
    if (growing && !quiet) this.#wait(rampMs);
    else this.#next();
    if (this.#copies.length === 0) this.#copiedAt = now();
    for (const { socket } of copies) this.#copies.push(socket);
    this.#moved(copies, pausedMs);
    this.#closeCopies();
  }

  /** Returns whether it has, instead of moving. */
  #countEnded({ socket, became }: PausedConnection): boolean {
    const end = became?.() ?? "moved";
    if (end !== "moved") this.#options.ended(socket, end);
    return end !== "moved";
  }

  #moved(connections: readonly PausedConnection[], pausedMs: number): void {
    if (connections.length === 0) return;
    this.#options.moved(
      connections.map(({ socket }) => socket),
      pausedMs,
    );
  }

  /** Goes on with these here, and tries again a little later with fewer. */
  #resume(connections: readonly PausedConnection[]): void {
    for (const connection of connections) connection.resume();
    this.#resumeAhead();
    this.#size = Math.max(1, this.#size >> 1);
    this.#wait(retryMs);
  }

  #closeCopies(): void {
    if (this.#copies.length === 0) return;
    this.#closing ??= setImmediate(() => {
      this.#closing = undefined;
      if (this.#batch !== undefined && now() - this.#copiedAt < copiesMs) return;
      for (const socket of this.#copies.splice(0, closedAtOnce)) socket.destroy();
      this.#closeCopies();
    });
  }

  #take(): Batch | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    clearTimeout(this.#answer);
    return batch;
  }

  #wait(ms: number): void {
    if (this.#ended) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#next();
    }, ms);
  }

  /** Looks for connections at a boundary in the next turn, so that all that settle in this one are found together. */
  #settled(): void {
    if (this.#ended || this.#timer !== undefined || this.#batch !== undefined) return;
    this.#look ??= setImmediate(() => {
      this.#look = undefined;
      this.#next();
    });
  }

  #lookAhead(): void {
    clearImmediate(this.#look);
    this.#look = setImmediate(() => {
      this.#look = undefined;
      // The batch may have been answered meanwhile: what is paused now is not to wait behind nothing.
      if (this.#batch === undefined) this.#next();
      else this.#ahead = this.#pause();
    });
  }

  #resumeAhead(): void {
    for (const { resume } of this.#ahead?.connections ?? []) resume();
    this.#ahead = undefined;
  }

  #next(): void {
    if (this.#ended || this.#timer !== undefined || this.#batch !== undefined) return;
    this.#batch = this.#takeAhead() ?? this.#pause();
    if (this.#batch !== undefined) {
      this.#options.paused();
      return;
    }
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      this.#next();
    }, retryMs);
  }

  /** Undefined where there is none, or no longer as it was announced: what is paused can still time out. */
  #takeAhead(): Batch | undefined {
    if (!this.#ahead?.connections.every(({ socket }) => descriptorOf(socket) !== undefined))
      this.#resumeAhead();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead;
  }

  /** The next batch; undefined where nothing can move now. */
  #pause(): Batch | undefined {
    const { movables, listeners } = this.#options;
    const number = this.#sent + 1;
    const paused: PausedConnection[] = [];
    const announced: MovedConnection[] = [];
    let stateBytes = 0;
    for (const protocol of this.#protocols) {
      for (const connection of movables.get(protocol)?.pause(this.#size - paused.length, listeners) ?? []) {
        const { listener, moved } = connection;
        stateBytes += moved.state?.length ?? 0;
        if (paused.length > 0 && stateBytes > batchStateBytesMax) connection.resume();
        else {
          paused.push(connection);
          announced.push({ listener, protocol, ...moved });
        }
      }
      if (paused.length >= this.#size) break;
    }
    if (paused.length === 0) return undefined;
    const encoded = encodeMessage({ type: "connections", batch: number, connections: announced });
    return { number, connections: paused, pausedAt: now(), encoded };
  }
}

/** Whether nothing of it leaves before the child is told: its socket is closed when there is time, or read from again. */
function isCopy({ moved, late, parted }: PausedConnection): boolean {
  return moved.still && late === undefined && parted === undefined;
}

function isQuiet({ moved }: PausedConnection): boolean {
  return moved.served === 0 || (moved.idleMs ?? 0) >= quietMs;
}

function* pieces(late: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const bytes of late) {
    for (let at = 0; at < bytes.length; at += limits.stateChunkBytesMax) {
      yield bytes.subarray(at, at + limits.stateChunkBytesMax);
    }
  }
}
