import { epollsOf, stateOf, watchedInodes } from "../kernel/process.js";
import { now } from "../now.js";
import type { Line } from "../victim/order.js";

const SAMPLE_EVERY_MS = 30;

export type Phase = "boots" | "accepts" | "parked" | "drains";

/** What is seen of one process from outside. */
export interface Track {
  readonly pid: number;
  readonly bootedAt: number;
  generation?: number;
  /** The state of its machine as a parent, as it published it: tells when a handoff is over, judges nothing. */
  parentState?: string;
  childState?: string;
  lastSeenAt: number;
  diedAt?: number;
  epolls?: readonly number[];
  hasAccepted: boolean;
  accepts: boolean;
  readonly phases: { readonly phase: Phase; readonly from: number }[];
}

export interface Overlap {
  readonly at: number;
  readonly pids: readonly number[];
}

/**
 * Looks at the processes of one service many times a second. Whether a process accepts is the kernel's word: its event
 * loop waits for the listening socket, or does not.
 */
export class Watch {
  readonly tracks = new Map<number, Track>();
  readonly overlaps: Overlap[] = [];
  listeners: ReadonlySet<string> = new Set();
  readonly #timer = setInterval(() => this.sample(), SAMPLE_EVERY_MS);

  take(line: Line): void {
    if (line.type === "boot") {
      this.tracks.set(line.pid, {
        pid: line.pid,
        bootedAt: line.at,
        lastSeenAt: line.at,
        hasAccepted: false,
        accepts: false,
        phases: [{ phase: "boots", from: line.at }],
      });
      return;
    }
    const track = this.tracks.get(line.pid);
    if (track === undefined) return;
    if ("generation" in line) track.generation = line.generation;
    if (line.type !== "step" || line.to === undefined) return;
    if (line.role === "parent") track.parentState = line.to;
    if (line.role === "child") track.childState = line.to;
  }

  get alive(): Track[] {
    return [...this.tracks.values()].filter(({ diedAt }) => diedAt === undefined);
  }

  clear(): void {
    this.tracks.clear();
    this.overlaps.length = 0;
    this.listeners = new Set();
  }

  /** Forgets the dead. */
  prune(): void {
    for (const [pid, { diedAt }] of this.tracks) if (diedAt !== undefined) this.tracks.delete(pid);
    this.overlaps.length = 0;
  }

  sample(): void {
    const accepting: Track[] = [];
    for (const track of this.alive) {
      const at = now();
      if (stateOf(track.pid) === undefined) {
        track.diedAt = at;
        track.accepts = false;
        continue;
      }
      track.lastSeenAt = at;
      track.accepts = this.#accepts(track);
      if (track.accepts) accepting.push(track);
    }
    // They were looked at one after the other: what the first does now, it did when the others were looked at.
    if (accepting.length > 1) {
      const still = accepting.filter(
        (track, index) => index === accepting.length - 1 || this.#accepts(track),
      );
      if (still.length > 1) this.overlaps.push({ at: now(), pids: still.map(({ pid }) => pid) });
    }
    for (const track of this.alive) this.#notePhase(track);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #accepts(track: Track): boolean {
    if (this.listeners.size === 0) return false;
    // The loops of a process are there before it listens, and stay.
    if (track.epolls === undefined || (track.epolls.length === 0 && !track.hasAccepted)) {
      track.epolls = epollsOf(track.pid);
    }
    const watched = watchedInodes(track.pid, track.epolls);
    for (const inode of this.listeners) if (watched.has(inode)) return true;
    return false;
  }

  #notePhase(track: Track): void {
    track.hasAccepted ||= track.accepts;
    const youngerAccepts = this.alive.some(({ accepts, bootedAt }) => accepts && bootedAt > track.bootedAt);
    const phase: Phase = track.accepts
      ? "accepts"
      : !track.hasAccepted
        ? "boots"
        : youngerAccepts
          ? "drains"
          : "parked";
    if (track.phases.at(-1)?.phase !== phase) track.phases.push({ phase, from: now() });
  }
}
