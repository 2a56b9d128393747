/** What a process publishes at a moment, and so where it can be stopped exactly there. */
export interface Point {
  /**
   * `event` and `effect`: the runtime's own published steps. `app`: the victim's own code, around its listen() calls.
   * `boot`: before anything of the victim is loaded.
   */
  readonly source: "event" | "effect" | "app" | "boot";
  readonly name: string;
  readonly when?: "before" | "after";
}

export type Role = "parent" | "child";
export type Side = "before" | "after";

export interface Moment {
  /** Who publishes it. */
  readonly role: Role;
  readonly before: Point;
  readonly after: Point;
}

const effect = (name: string, when: Side): Point => ({ source: "effect", name, when });
const around = (role: Role, name: string): Moment => ({
  role,
  before: effect(name, "before"),
  after: effect(name, "after"),
});

/** The steps of a handoff, in their order. */
export const MOMENTS = {
  spawned: around("parent", "spawnChild"),
  // The offer is sealed into the child's environment: it is there before the child's first instruction.
  offerWritten: {
    role: "child",
    before: { source: "boot", name: "boot" },
    after: { source: "event", name: "offerRead" },
  },
  accepted: around("child", "sendAccept"),
  adopted: {
    role: "child",
    before: { source: "app", name: "adopting" },
    after: { source: "app", name: "adopted" },
  },
  ready: around("child", "sendReady"),
  parked: around("parent", "parkListeners"),
  commitSent: around("parent", "sendCommit"),
  commitReceived: {
    role: "child",
    before: { source: "event", name: "commitReceived" },
    after: effect("startAccepting", "before"),
  },
  accepting: around("child", "startAccepting"),
  committed: around("child", "sendCommitted"),
  draining: around("parent", "drainConnections"),
  // Connections move in batches. Each moment is that of the first one.
  moving: around("parent", "moveConnections"),
  batchSent: around("parent", "sendConnections"),
  batchAdopted: around("child", "adoptConnections"),
  batchReleased: around("parent", "releaseConnections"),
  batchTaken: around("child", "takeConnections"),
  lastConnection: {
    role: "parent",
    before: { source: "event", name: "drained" },
    after: effect("sendFarewell", "after"),
  },
  exiting: around("parent", "leave"),
} as const satisfies Record<string, Moment>;

export type MomentName = keyof typeof MOMENTS;
export const MOMENT_NAMES = Object.keys(MOMENTS) as MomentName[];
