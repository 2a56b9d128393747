import type { ChildEffect, ChildFact, ChildState } from "../src/child/state.js";
import type { ParentEffect, ParentFact, ParentState } from "../src/parent/state.js";
import type { Position } from "../src/table.js";
import { type Connection, firstConnection, type Moves } from "./connection.js";
import type { Scenario } from "./scenario.js";

export type RoleName = "parent" | "child";

/** An effect that a process has still to execute. */
export type Todo =
  | { readonly role: "parent"; readonly effect: ParentEffect; readonly rest?: true }
  | { readonly role: "child"; readonly effect: ChildEffect };

/** What travels from parent to child. `garbage` breaks the protocol; `part` and `final` are the final state's pieces. */
export type Downward =
  | "abort"
  | "warm"
  | "part"
  | "final"
  | "commit"
  | "relinquished"
  | "request"
  | "stop"
  | "connections"
  | "late"
  | "released"
  | "farewell"
  | "garbage";

/** What travels from child to parent. */
export type Upward =
  | "accept"
  | "refuse"
  | "progress"
  | "state-wanted"
  | "ready"
  | "state-adopted"
  | "committed"
  | "relinquish"
  | "superseded by the third"
  | "superseded by the fourth"
  | "stop"
  | "awaited"
  | "declined"
  | "adopted"
  | "refused"
  | "abort"
  | "garbage";

/** The number of the newest owner that a message tells. */
export const newestIn: Readonly<Partial<Record<Upward, number>>> = {
  "superseded by the third": 3,
  "superseded by the fourth": 4,
};

/** `dead`: gone, and its parent has not seen it. `absent`: never there, or gone for everybody. */
export type Life = "absent" | "live" | "hung" | "dead";

/** Where a handoff's report stands, at the process that began it. */
export type Report = "none" | "due" | "irrevocable" | "committed";

/** One generation: one operating-system process with a machine towards each side. */
export interface Process {
  life: Life;
  child: Position<ChildState, ChildFact>;
  parent: Position<ParentState, ParentFact>;
  todo: readonly Todo[];
  /** SIGKILL was sent and has not yet taken effect. */
  doomed: boolean;
  /** Runs its last hooks, and exits in the end. */
  leaving: boolean;
  /** Accepts on the listeners. */
  accepting: boolean;
  /** Has a descriptor of the listeners, accepting or parked. */
  holding: boolean;
  /** Does the work that only one generation may do. */
  exclusive: boolean;
  /** Has accepted connections that are open. */
  connected: boolean;
  /** Finishes what it accepted. */
  draining: boolean;
  /** Holds sockets that this generation does not want. */
  surplus: boolean;
  /** The application knows that it is owner. */
  told: boolean;
  /** `parked` or `parkFailed` is under way. */
  parkPending: boolean;
  /** How the last spawn went, if the parent's machine has not heard. */
  spawn: "idle" | "done" | "failed";
  /** The application has said that it could serve. */
  prepared: boolean;
  /** The application wants state. */
  wants: boolean;
  /** What was handed to the application of the state. */
  imported: "nothing" | "some" | "all" | "adopted";
  /** A handoff was asked for here and has neither begun nor been passed on, denied or overtaken by the end. */
  asked: boolean;
  report: Report;
  /** The number of the newest owner that it is about to pass on, from 1; 0: none. */
  newest: number;
}

/** The channel between a generation and the next. */
export interface Channel {
  down: readonly Downward[];
  up: readonly Upward[];
  /** Who closed it while alive. */
  closedBy: "nobody" | RoleName;
  /** One side has said why the handoff ends. */
  explained: boolean;
  /** The parent knows that this handoff failed. */
  over: boolean;
  /** The parent has said its last word. */
  farewell: boolean;
  /** Read no further, since something broke the protocol. */
  deafParent: boolean;
  deafChild: boolean;
  /** The end was seen. */
  endSeenByParent: boolean;
  endSeenByChild: boolean;
  /** The child has seen its parent's death. */
  deathSeen: boolean;
}

export interface World {
  processes: Process[];
  /** channels[i] is between processes[i] and processes[i + 1]. */
  channels: Channel[];
  handoffs: number;
  terminations: number;
  crashes: number;
  hangs: number;
  garbage: number;
  closings: number;
  /** The service was told to end, by way of a process that could tell the others. */
  ended: boolean;
  /** The connection that is followed. Absent: none is. */
  connection?: Connection;
}

const nobody: Process = {
  life: "absent",
  child: { state: "left", facts: [] },
  parent: { state: "left", facts: [] },
  todo: [],
  doomed: false,
  leaving: false,
  accepting: false,
  holding: false,
  exclusive: false,
  connected: false,
  draining: false,
  surplus: false,
  told: false,
  parkPending: false,
  spawn: "idle",
  prepared: false,
  wants: false,
  imported: "nothing",
  asked: false,
  report: "none",
  newest: 0,
};

/** A dead process has no inside: what differs only there is one world. */
export const dead: Process = { ...nobody, life: "dead" };
export const absent: Process = nobody;

export const freshChannel: Channel = {
  down: [],
  up: [],
  closedBy: "nobody",
  explained: false,
  over: false,
  farewell: false,
  deafParent: false,
  deafChild: false,
  endSeenByParent: false,
  endSeenByChild: false,
  deathSeen: false,
};

/** A process at its first instant. The first generation brings its own listeners, the others are given them. */
export function newborn(first: boolean): Process {
  return {
    ...nobody,
    life: "live",
    child: { state: first ? "founding" : "booting", facts: [] },
    parent: { state: "serving", facts: [] },
    holding: true,
    surplus: !first,
  };
}

export function firstWorld(scenario: Scenario): World {
  const world = foundedWorld(scenario);
  return scenario.moves === undefined ? world : committedWorld(world, scenario.moves);
}

/** Where moves begin: the child has become owner, and its parent drains. */
function committedWorld(world: World, moves: Moves): World {
  const serving = { prepared: true, told: true, holding: true, connected: true } as const;
  const owner = { state: "owner", facts: [] } as const;
  const processes = world.processes.slice();
  processes[0] = {
    ...nobody,
    ...serving,
    life: "live",
    child: owner,
    parent: { state: "draining", facts: [] },
    draining: true,
    report: "committed",
  };
  processes[1] = {
    ...nobody,
    ...serving,
    life: "live",
    child: { state: "succeeding", facts: [] },
    parent: { state: "serving", facts: [] },
    accepting: true,
    exclusive: true,
    surplus: true,
  };
  return { ...world, processes, connection: firstConnection(processes.length, moves) };
}

function foundedWorld(scenario: Scenario): World {
  const { generations, handoffs, terminations, crashes, hangs, garbage, closings } = scenario;
  const processes = Array.from({ length: generations }, (_, i) => (i === 0 ? newborn(true) : absent));
  const channels = Array.from({ length: generations - 1 }, () => freshChannel);
  return {
    processes,
    channels,
    handoffs,
    terminations,
    crashes,
    hangs,
    garbage,
    closings,
    ended: false,
  };
}

/** A world to change: processes and channels are copied when they are taken by `change`. */
export function copyOf(world: World): World {
  return { ...world, processes: world.processes.slice(), channels: world.channels.slice() };
}

export function changeProcess(world: World, i: number): Process {
  const copy = { ...world.processes[i]! };
  world.processes[i] = copy;
  return copy;
}

export function changeChannel(world: World, i: number): Channel {
  const copy = { ...world.channels[i]! };
  world.channels[i] = copy;
  return copy;
}

export const lives = (process: Process | undefined): boolean =>
  process !== undefined && (process.life === "live" || process.life === "hung");

/** The states of a child that is not yet owner and has a parent, or had one. */
const notYetOwner = new Set<ChildState>(["booting", "preparing", "ready", "orphaned", "founding"]);
export const isHeir = (process: Process): boolean => notYetOwner.has(process.child.state);

/** Which states believe that this generation is owner, given that it became owner. */
const ownerStates = new Set<ParentState>([
  "serving",
  "spawning",
  "offering",
  "preparing",
  "parking",
  "transferring",
  "aborting",
  "ending",
]);

export function believesOwner(process: Process): boolean {
  const { state } = process.child;
  const succeeded = state === "succeeding" || state === "relinquishing" || state === "owner";
  return lives(process) && succeeded && ownerStates.has(process.parent.state);
}

/** Lives, and has not decided to leave: it can serve, now or after what still may happen. */
export function isSurvivor(process: Process): boolean {
  if (!lives(process) || process.doomed || process.leaving) return false;
  if (isHeir(process)) return true;
  const { state, facts } = process.parent;
  if (process.child.state === "left" && state === "serving") return false;
  return state !== "departing" && state !== "stopping" && state !== "left" && !facts.includes("stopping");
}
