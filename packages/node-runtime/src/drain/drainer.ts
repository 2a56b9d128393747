import type { Server, Socket } from "node:net";
import type { Connection } from "../node-internals.js";
import { ConnectionTracker, type DrainMode } from "./connection-tracker.js";
import { type ConnectionClass, type ConnectionEnd, type DrainCounts, DrainTally } from "./tally.js";

/** Finishes what this generation accepted, over all of its servers. */
export class Drainer {
  readonly #trackers: { readonly listener: string; readonly tracker: ConnectionTracker }[] = [];
  readonly #tracked: (listener: string, tracker: ConnectionTracker) => void;
  readonly #idleMs: number;
  #drained: (() => void) | undefined;
  #tally = new DrainTally();
  #draining = false;
  #leaving = false;

  /** Connections that have arrived from the parent and cannot be read from yet: this generation does not leave them. */
  arriving: () => number = () => 0;

  /**
   * `idleMs`: how long a connection that cannot move may stay idle in a generation that leaves. `tracked` is told of each
   * server that is added.
   */
  constructor(idleMs: number, tracked: (listener: string, tracker: ConnectionTracker) => void) {
    this.#idleMs = idleMs;
    this.#tracked = tracked;
  }

  add(listener: string, server: Server): void {
    const tracker = new ConnectionTracker(server, this.#idleMs, () => this.check());
    this.#trackers.push({ listener, tracker });
    this.#tracked(listener, tracker);
  }

  /** The one that has the connections of this listener. */
  trackerOf(listener: string): ConnectionTracker | undefined {
    return this.#trackers.findLast((each) => each.listener === listener)?.tracker;
  }

  /** The name of the listener that a connection came in on. */
  listenerOf(socket: Socket): string | undefined {
    return this.#trackedBy(socket)?.listener;
  }

  /** Counts connections among those that are open no more. Their copies here may still be to be closed. */
  part(connections: readonly Connection[], end: ConnectionEnd): void {
    for (const connection of connections) this.#trackedBy(connection)?.tracker.part(connection, end);
    this.check();
  }

  /** This process exits: it takes no further connection. */
  leave(): void {
    this.#leaving = true;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get tally(): DrainTally {
    return this.#tally;
  }

  get open(): number {
    let open = this.arriving();
    for (const { tracker } of this.#trackers) open += tracker.size;
    return open;
  }

  /** How many are open, by their class; only classes of which there are any. */
  get classes(): Partial<Record<ConnectionClass, number>> {
    const counts: Partial<Record<ConnectionClass, number>> = {};
    for (const { tracker } of this.#trackers) tracker.countInto(counts);
    return counts;
  }

  /** Calls back once, when nothing is open any more; that can be at once. */
  begin(mode: (listener: string) => DrainMode, drained: () => void): void {
    this.#tally = new DrainTally();
    this.#drained = drained;
    this.#draining = true;
    this.change(mode);
    this.check();
  }

  /** Goes on draining in another way. */
  change(mode: (listener: string) => DrainMode): void {
    for (const { listener, tracker } of this.#trackers) tracker.begin(mode(listener), this.#tally);
  }

  resume(): void {
    this.#drained = undefined;
    this.#draining = false;
    for (const { tracker } of this.#trackers) tracker.resume();
  }

  cut(): void {
    this.#drained = undefined;
    for (const { tracker } of this.#trackers) tracker.cut();
  }

  counts(): DrainCounts {
    return this.#tally.counts();
  }

  /** To be called when something that was open may have been the last. */
  check(): void {
    if (this.#drained === undefined || this.open > 0) return;
    const drained = this.#drained;
    this.#drained = undefined;
    this.#tally.finish();
    drained();
  }

  #trackedBy(connection: Connection) {
    return this.#trackers.find(({ tracker }) => tracker.has(connection));
  }
}
