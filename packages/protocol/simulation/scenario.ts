import type { Deadline } from "../src/deadline.js";
import type { Moves } from "./connection.js";

/** What may go wrong at the application's or the platform's side, each at any time at which it can. */
export type Failure =
  /** The child cannot be started. */
  | "spawn"
  /** Exclusive work of the parent does not stop. */
  | "park"
  /** A listener or the application of a generation fails before it is ready. */
  | "preparation"
  /** The parent's application cannot give out its state, or the child's refuses it. */
  | "state";

/**
 * What the machines rely on beyond their tables: duties of whoever executes them.
 * Each can be switched off, to show what it is for.
 * @see spec/v1/invariants.md
 */
export interface Duties {
  /** A child that is not owner looks whether its parent's process is gone before it leaves for that parent's sake. */
  readonly childLooksFirst: boolean;
  /** A draining parent looks whether its child's process is gone before it gives up its way back. */
  readonly parentLooksFirst: boolean;
  /** What a child wrote before its death is read before its exit counts. */
  readonly messagesBeforeExit: boolean;
  /** A process that drains is not through before what it moves has moved, and what it adopted is released. */
  readonly drainedWaitsForMoves: boolean;
  /** A process that runs its last steps takes no connections any more. */
  readonly leaversAdoptNothing: boolean;
  /** Once a channel has ended, or is not read any further, the death of its other side is still noticed. */
  readonly deathsOutliveChannels: boolean;
  /** Nothing is read from a child, and its exit is not said, before it counts as spawned. */
  readonly spawningFirst: boolean;
  /** A process that was sent SIGKILL begins nothing new. */
  readonly sigkillIsTheEnd: boolean;
}

/** One exploration: which faults are switched on, and how many of each. Every budget counts down. */
export interface Scenario {
  readonly name: string;
  /** How many generations there can be in a row. */
  readonly generations: 2 | 3 | 4;
  /** How many generations may drain at once. */
  readonly drainsMax: number;
  /** SIGHUP, to any process at any time. */
  readonly handoffs: number;
  /** SIGTERM, to any process at any time. */
  readonly terminations: number;
  /** SIGKILL, to any process at any time: before and after every effect. */
  readonly crashes: number;
  /** A process stops taking steps, and wakes at any later time or never. */
  readonly hangs: number;
  /** A frame that breaks the protocol, in either direction. */
  readonly garbage: number;
  /** A live process closes its end of a channel. */
  readonly closings: number;
  /** Which deadlines expire: at any time while they run. */
  readonly deadlines: readonly Deadline[];
  /** The application does what is waited for: it is ready, parks, imports. Otherwise perhaps never. */
  readonly prompt: boolean;
  /** Accepted connections end. Otherwise some stay open until they are cut. */
  readonly drains: boolean;
  readonly failures: readonly Failure[];
  readonly stateful: boolean;
  /** The child says what it is busy with. */
  readonly progress: boolean;
  readonly versionsMeet: boolean;
  /** Begins after the first commit, and follows one connection of the parent. Absent: none is followed. */
  readonly moves?: Moves;
  readonly duties: Duties;
}

export const allDuties: Duties = {
  childLooksFirst: true,
  parentLooksFirst: true,
  messagesBeforeExit: true,
  deathsOutliveChannels: true,
  drainedWaitsForMoves: true,
  leaversAdoptNothing: true,
  spawningFirst: true,
  sigkillIsTheEnd: true,
};

const calm: Scenario = {
  name: "calm",
  generations: 2,
  drainsMax: 4,
  handoffs: 1,
  terminations: 0,
  crashes: 0,
  hangs: 0,
  garbage: 0,
  closings: 0,
  deadlines: [],
  prompt: true,
  drains: true,
  failures: [],
  stateful: false,
  progress: true,
  versionsMeet: true,
  duties: allDuties,
};

/** A scenario is what differs from one handoff in which nothing goes wrong. */
export function scenario(name: string, differences: Partial<Scenario> = {}): Scenario {
  return { ...calm, ...differences, name };
}

/** Everything that is waited for has its deadline, and perhaps never comes. */
export const allDeadlines = {
  deadlines: ["ready", "park", "commit", "drain", "exit", "relinquish"],
  prompt: false,
} as const satisfies Partial<Scenario>;
