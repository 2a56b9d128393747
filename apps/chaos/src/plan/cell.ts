import {
  BOOT_KINDS,
  HEARD_FIRST,
  type Kind,
  MOVE_KINDS,
  POSTHUMOUS_KINDS,
  SELF_KINDS,
  SIGNAL_KINDS,
} from "./kind.js";
import { MOMENT_NAMES, MOMENTS, type MomentName, type Side } from "./moment.js";

export type Victim = "parent" | "child" | "both";

/** One square of the matrix. */
export interface Cell {
  readonly victim: Victim;
  /** `random`: at any time between the request and the end of the handoff. `boot`: the whole handoff. */
  readonly moment: MomentName | "random" | "boot";
  readonly kind: Kind;
}

/** One go at a cell: what a schedule repeats. */
export interface Turn extends Cell {
  /** Whether the process is stopped right before the step or right after it. */
  readonly side: Side;
  /** Milliseconds from the request, at a random moment. */
  readonly delayMs?: number;
  /** False: the handoff that has to succeed after it is the next turn's. Default: a plain one is made for it. */
  readonly followed?: false;
}

export const cellName = ({ victim, moment, kind }: Cell): string => `${victim}/${moment}/${kind}`;
export const turnName = (turn: Turn): string =>
  `${cellName(turn)}/${turn.delayMs === undefined ? turn.side : `${turn.delayMs}ms`}`;

/** Cells with a client that never ends its request: only a deadline ends what waits for that, be it a handoff or the service. */
const STUCK = new Set(["parent/boot/stuckClient", "parent/ready/sigterm", "parent/draining/secondSighup"]);
export const isStuck = (cell: Cell): boolean => STUCK.has(cellName(cell));

/** Every combination that can happen at all. */
export function allCells(): Cell[] {
  const cells: Cell[] = [];
  for (const moment of MOMENT_NAMES) {
    const { role } = MOMENTS[moment];
    for (const kind of [...SIGNAL_KINDS, ...SELF_KINDS]) {
      if (isPossible(moment, role, kind)) cells.push({ victim: role, moment, kind });
    }
    // The process that publishes the moment is stopped at it while the other one is struck.
    const other = role === "parent" ? "child" : "parent";
    for (const kind of SIGNAL_KINDS) {
      if (isPossible(moment, other, kind)) cells.push({ victim: other, moment, kind });
    }
    cells.push({ victim: "both", moment, kind: "sigkill" });
  }
  for (const kind of ["sigkill", "stopShort", "stopLong"] as const) {
    cells.push({ victim: "parent", moment: "random", kind }, { victim: "child", moment: "random", kind });
  }
  cells.push({ victim: "both", moment: "random", kind: "sigkill" });
  for (const kind of BOOT_KINDS) {
    const victim = PARENTS_FAULTS.has(kind) ? "parent" : "child";
    cells.push({ victim, moment: "boot", kind });
  }
  return cells;
}

const PARENTS_FAULTS = new Set<Kind>([
  "newerParent",
  "overlappingVersions",
  "emfileParent",
  "slowRetirement",
  "failedRetirement",
  "failedExport",
  "stuckClient",
  "none",
]);
export const MOVE_MOMENTS: ReadonlySet<Cell["moment"]> = new Set<MomentName>([
  "moving",
  "batchSent",
  "batchAdopted",
  "batchReleased",
  "batchTaken",
]);
/** From the child's birth until it says that it is owner. */
const MAY_BE_ENDED = new Set(
  MOMENT_NAMES.slice(MOMENT_NAMES.indexOf("offerWritten"), MOMENT_NAMES.indexOf("committed")),
);
/** From when a child listens to its parent until it has said all that its parent waits for. */
const MAY_BE_DEAF = new Set(
  MOMENT_NAMES.slice(MOMENT_NAMES.indexOf("accepted"), MOMENT_NAMES.indexOf("draining")),
);
const FRAMES = new Set<Kind>(["garbageFrame", "halfFrame", "oversizedFrame"]);

function isPossible(moment: MomentName, victim: Victim, kind: Kind): boolean {
  if (kind === "emfileBatch") return moment === "batchAdopted";
  // A parent that leaves the channel is tried by those that die.
  if (kind === "closedChannel")
    return victim === "child" && (moment === "batchAdopted" || MAY_BE_DEAF.has(moment));
  // The parent has written commit, and has not heard that its child is owner.
  if (HEARD_FIRST[kind] !== undefined) return victim === "child" && moment === "accepting";
  // Where a child waits for its parent, which goes by what that says.
  if (POSTHUMOUS_KINDS.has(kind)) return moment === "parked" || moment === "commitSent";
  if (MOVE_MOMENTS.has(moment)) return MOVE_KINDS.includes(kind);
  // A child that may not be owner yet is ended by its parent. Nobody may end an owner, nor a parent, for hanging.
  if (kind === "stopForever") return victim === "child" && MAY_BE_ENDED.has(moment);
  // There is no child before it is spawned; right after, a signal would meet a process that is not Node yet.
  if (moment === "spawned" && victim === "child") return kind === "sigkill";
  // Before the child has booted there is nobody to write into the channel; a parent has none before it spawns.
  if (FRAMES.has(kind)) return moment !== "spawned" && moment !== "exiting";
  // Node takes a signal only once it has begun to run the program; before, SIGHUP and SIGTERM end it, as any program.
  if (moment === "offerWritten" && victim === "child") return !SIGNALS_OF_THE_APP.has(kind);
  return true;
}

const SIGNALS_OF_THE_APP = new Set<Kind>(["sigterm", "secondSighup", "sighupStorm"]);
