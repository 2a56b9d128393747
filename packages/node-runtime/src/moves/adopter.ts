import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import {
  type Connections,
  type ConnectionsLate,
  HandoffError,
  limits,
  type MovedConnection,
} from "@heirloom/protocol";
import type { Drainer } from "../drain/drainer.js";
import { connectionOn, descriptorOf } from "../node-internals.js";
import { loadSyscalls, type Syscalls } from "../syscalls.js";
import { closeAll, receiveBatch } from "./descriptor-channel.js";
import type { ArrivedConnection, Movable } from "./movable.js";
import { type Returned, sendReturned } from "./returned.js";

interface HeldConnection {
  readonly descriptor: number;
  readonly moved: MovedConnection;
  readonly late: Uint8Array[];
  lateBytes: number;
}

/** What a child does with connections that its parent moves to it. @see spec/v1/connections.md */
export class Adopter {
  readonly #channel: number;
  readonly #movables: ReadonlyMap<string, Movable>;
  readonly #drainer: Drainer;
  readonly #held = new Map<number, HeldConnection[]>();
  #syscalls: Syscalls | undefined;
  #closed = false;
  /** The number of the batch that came last. */
  #last = 0;

  /** `channel`: the descriptor channel's number. */
  constructor(channel: number, movables: ReadonlyMap<string, Movable>, drainer: Drainer) {
    this.#channel = channel;
    this.#movables = movables;
    this.#drainer = drainer;
    drainer.arriving = () => this.held;
  }

  /** Connections that are here and not yet read from: their parent has them, too. */
  get held(): number {
    let held = 0;
    for (const batch of this.#held.values()) held += batch.length;
    return held;
  }

  async prepare(): Promise<void> {
    this.#syscalls = await loadSyscalls();
  }

  /** As `Movable.mayReturn` tells it. */
  mayReturn(listeners: ReadonlySet<string> | undefined): void {
    if (this.#syscalls === undefined) return;
    for (const movable of this.#movables.values()) movable.mayReturn?.(listeners);
  }

  /** This process ends in this very turn: gives the parent all connections that it can go on with. */
  giveBack(): void {
    if (this.#syscalls === undefined || this.#closed) return;
    try {
      sendReturned(this.#syscalls, this.#channel, this.#abandon());
    } catch {
      // The parent is gone, or this process is in no state for it. Its clients lose what they would have lost anyway.
    }
  }

  #abandon(): Returned[] {
    const returned: Returned[] = [];
    for (const movable of this.#movables.values()) {
      for (const { socket, listener, moved, late } of movable.abandon?.() ?? []) {
        const descriptor = descriptorOf(socket);
        const { protocol } = movable;
        if (descriptor !== undefined)
          returned.push({ descriptor, moved: { listener, protocol, ...moved }, late: late?.() ?? [] });
      }
    }
    return returned;
  }

  /** Which protocols can be taken; none without the system calls that it takes, or once it was declined. */
  get protocols(): string[] {
    return this.#syscalls === undefined || this.#closed
      ? []
      : [...this.#movables.keys()].slice(0, limits.protocolsMax);
  }

  /** What is wrong with a batch's number; undefined where nothing is. */
  faultOf({ batch }: Connections): HandoffError | undefined {
    this.#last += 1;
    return batch === this.#last ? undefined : violation(`batch ${batch} in the place of batch ${this.#last}`);
  }

  /** Takes a batch's descriptors. Returns how many arrived: all of them, or they are closed again. */
  adopt({ batch, connections }: Connections): number {
    if (this.#drainer.leaving) {
      this.refuse({ batch });
      return 0;
    }
    const descriptors = this.#receive(batch);
    if (descriptors.length !== connections.length) {
      closeAll(descriptors);
      return descriptors.length < connections.length ? descriptors.length : 0;
    }
    const held = connections.map((moved, i) => ({
      descriptor: descriptors[i] as number,
      moved,
      late: [],
      lateBytes: 0,
    }));
    this.#held.set(batch, held);
    return held.length;
  }

  refuse({ batch }: Pick<Connections, "batch">): void {
    closeAll(this.#receive(batch));
  }

  /** What is wrong with late bytes; undefined where nothing is. */
  keepLate({ batch, index, bytes }: ConnectionsLate): HandoffError | undefined {
    const held = this.#held.get(batch)?.[index];
    if (held === undefined)
      return violation(`late bytes of connection ${index} in batch ${batch}, which is not there`);
    held.lateBytes += bytes.length;
    if (held.lateBytes > limits.lateBytesMax || (bytes.length > 0 && held.moved.still)) {
      return violation(`late bytes of connection ${index} in batch ${batch}, more than there may be`);
    }
    // A copy: the message's bytes are a view of what was read from the channel.
    held.late.push(bytes.slice());
    return undefined;
  }

  /** The parent has closed its copies. What is wrong with that; undefined where nothing is. */
  take(batch: number): HandoffError | undefined {
    const held = this.#held.get(batch);
    if (held === undefined) return violation(`the release of batch ${batch}, which is not there`);
    this.#held.delete(batch);
    for (const connection of held) this.#open(connection);
    this.#drainer.check();
    return undefined;
  }

  /** Nothing arrives from here on, and what has not been looked at is closed. */
  decline(): void {
    if (!this.#closed) closeSync(this.#channel);
    this.#closed = true;
  }

  /** The parent is gone. What it had stopped reading from is whole; of the others it may have taken bytes with it. */
  inherit(): void {
    const held = [...this.#held.values()].flat();
    this.#held.clear();
    for (const connection of held) {
      if (connection.moved.still) this.#open(connection);
      else closeSync(connection.descriptor);
    }
    this.#drainer.check();
    this.decline();
  }

  #receive(batch: number): number[] {
    return this.#syscalls === undefined || this.#closed
      ? []
      : receiveBatch(this.#syscalls, this.#channel, batch);
  }

  #open(connection: HeldConnection): void {
    openConnection(connection, this.#movables, this.#drainer);
  }
}

/** Goes on with a connection that has arrived from another generation. */
export function openConnection(
  { descriptor, moved, late }: Returned,
  movables: ReadonlyMap<string, Movable>,
  drainer: Drainer,
): void {
  const movable = movables.get(moved.protocol);
  if (movable === undefined) closeSync(descriptor);
  else movable.adopt(new Arrival(descriptor, moved, late, drainer));
}

class Arrival implements ArrivedConnection {
  readonly descriptor: number;
  readonly moved: MovedConnection;
  readonly late: readonly Uint8Array[];
  readonly #drainer: Drainer;
  #socket: Socket | undefined;

  constructor(descriptor: number, moved: MovedConnection, late: readonly Uint8Array[], drainer: Drainer) {
    this.descriptor = descriptor;
    this.moved = moved;
    this.late = late;
    this.#drainer = drainer;
  }

  get socket(): Socket {
    this.#socket ??= this.#open();
    return this.#socket;
  }

  #open(): Socket {
    const tracker = this.#drainer.trackerOf(this.moved.listener);
    const socket = connectionOn(this.descriptor, tracker?.server);
    tracker?.track(socket);
    return socket;
  }
}

function violation(what: string): HandoffError {
  return new HandoffError("MESSAGE_FIELD_INVALID", {
    origin: "remote",
    message: `the parent sent ${what}: report it with both versions`,
  });
}
