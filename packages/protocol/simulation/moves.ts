import type { ChildEvent } from "../src/child/state.js";
import type { Deadline } from "../src/deadline.js";
import type { ParentEvent, ParentState } from "../src/parent/state.js";
import { change, closePassing, copyOf, finish, setFor } from "./connection.js";
import { exit } from "./effects.js";
import type { Scenario } from "./scenario.js";
import type { Machines, Turn } from "./turn.js";
import {
  changeChannel,
  changeProcess,
  type Downward,
  isHeir,
  isSurvivor,
  lives,
  newestIn,
  type Process,
  type Upward,
  type World,
} from "./world.js";

/**
 * Something that can happen next.
 * `must`: happens in the end, unless something else makes it impossible. `may`: what an application or an operator does,
 * perhaps never. `fault`: what goes wrong.
 */
export interface Move {
  readonly kind: "must" | "may" | "fault";
  /** Which process, by index. */
  readonly who: number;
  readonly what: string;
  /** The last survivor may leave by this: it died, or was told to, or could never have served. */
  readonly excused?: true;
  readonly make: (turn: Turn) => void;
}

/** Every move of a world, in a fixed order. */
export function movesOf(world: World, scenario: Scenario, machines: Machines): Move[] {
  const moves: Move[] = [];
  world.processes.forEach((process, who) => {
    if (!lives(process)) return;
    const place: Place = {
      world,
      scenario,
      machines,
      who,
      process,
      add: (move) => moves.push({ who, ...move }),
    };
    addDeath(place);
    if (process.life === "hung") {
      place.add({ kind: "may", what: "wakes", make: (turn) => setLife(turn, who, "live") });
      return;
    }
    addHang(place);
    if (process.todo.length > 0) {
      addWork(place);
      return;
    }
    // SIGKILL needs no more time than what is being done right now.
    if (process.doomed && scenario.duties.sigkillIsTheEnd) return;
    addFaults(place);
    addOperator(place);
    if (process.spawn !== "idle") {
      addSpawnResult(place);
      if (scenario.duties.spawningFirst) return;
    }
    addApplication(place);
    addConnection(place);
    addDeadlines(place);
    addFromParent(place);
    addFromChild(place);
  });
  return moves;
}

interface Place {
  readonly world: World;
  readonly scenario: Scenario;
  readonly machines: Machines;
  readonly who: number;
  readonly process: Process;
  readonly add: (move: Omit<Move, "who">) => void;
}

function setLife(turn: Turn, who: number, life: "live" | "hung"): void {
  changeProcess(turn.world, who).life = life;
}

function addDeath({ world, who, process, add }: Place): void {
  if (process.doomed)
    add({ kind: "must", what: "is ended by SIGKILL", excused: true, make: (turn) => exit(turn, who) });
  if (process.leaving && process.life === "live") {
    add({ kind: "must", what: "exits", make: (turn) => exit(turn, who, true) });
  }
  if (world.crashes === 0) return;
  const crash = (what: string, first?: (turn: Turn) => void) =>
    add({
      kind: "fault",
      what,
      excused: true,
      make: (turn) => {
        turn.world.crashes -= 1;
        // An order to end that only the dead had heard is lost with it.
        const others = world.processes.some((other) => other !== process && lives(other) && wasTold(other));
        if (!others && (wasTold(process) || process.parent.state === "departing")) turn.world.ended = false;
        first?.(turn);
        exit(turn, who);
      },
    });
  crash("crashes");
  // Half a frame is left on its way to whoever still reads.
  if (who > 0 && canWrite(world, who - 1, who - 1)) {
    crash("crashes while it writes to its parent", (turn) => writeUp(turn, who - 1, "garbage"));
  }
  if (canWrite(world, who, who + 1)) {
    crash("crashes while it writes to its child", (turn) => writeDown(turn, who, "garbage"));
  }
}

const wasTold = ({ parent, child }: Process): boolean =>
  parent.facts.includes("stopping") || parent.state === "stopping" || child.state === "left";

const canWrite = (world: World, c: number, to: number): boolean =>
  world.channels[c]?.closedBy === "nobody" && lives(world.processes[to]);

function writeUp(turn: Turn, c: number, message: Upward): void {
  const channel = changeChannel(turn.world, c);
  channel.up = [...channel.up, message];
}

function writeDown(turn: Turn, c: number, message: Downward): void {
  const channel = changeChannel(turn.world, c);
  channel.down = [...channel.down, message];
}

/** The next effect. Nothing else reaches a process's machines before the last one is executed. */
function addWork({ world, scenario, who, process, add }: Place): void {
  const next = process.todo[0]!;
  const make = (turn: Turn) => {
    turn.workOnce(who);
    turn.workSilently(who);
  };
  add({ kind: "must", what: next.effect, make });
  if (next.effect === "spawnChild" && scenario.failures.includes("spawn")) {
    add({ kind: "fault", what: "spawnChild fails", make: (turn) => turn.workOnce(who, "fails") });
  }
  const shortages = world.connection?.shortages ?? 0;
  if (next.effect === "adoptConnections" && shortages > 0) {
    add({
      kind: "fault",
      what: "adoptConnections finds too few descriptors",
      make: (turn) => {
        change(turn, { shortages: shortages - 1 });
        turn.workOnce(who, "fails");
      },
    });
  }
}

function addHang({ world, who, add }: Place): void {
  if (world.hangs > 0) {
    add({
      kind: "fault",
      what: "hangs",
      make: (turn) => {
        turn.world.hangs -= 1;
        setLife(turn, who, "hung");
      },
    });
  }
}

function addFaults({ world, who, add }: Place): void {
  for (const side of ["parent", "child"] as const) {
    const peer = side === "parent" ? "child" : "parent";
    const c = side === "parent" ? who : who - 1;
    if (!canWrite(world, c, side === "parent" ? who + 1 : who - 1)) continue;
    if (world.garbage > 0) {
      add({
        kind: "fault",
        what: `writes garbage to its ${peer}`,
        make: (turn) => {
          turn.world.garbage -= 1;
          if (side === "parent") writeDown(turn, c, "garbage");
          else writeUp(turn, c, "garbage");
        },
      });
    }
    if (world.closings > 0) {
      add({
        kind: "fault",
        what: `closes the channel to its ${peer}`,
        make: (turn) => {
          turn.world.closings -= 1;
          const changed = changeChannel(turn.world, c);
          changed.closedBy = side;
          if (side === "parent") changed.up = [];
          else {
            // What it had been given alone it has now thrown away.
            if (changed.down.includes("released")) change(turn, { excused: true });
            changed.down = [];
            closePassing(turn, c);
          }
        },
      });
    }
  }
}

function addSpawnResult({ who, process, add }: Place): void {
  const event: ParentEvent = process.spawn === "done" ? "childSpawned" : "spawnFailed";
  add({
    kind: "must",
    what: event,
    make: (turn) => {
      changeProcess(turn.world, who).spawn = "idle";
      turn.dispatch(who, { parent: event });
    },
  });
}

function addOperator({ world, who, process, add }: Place): void {
  // The child's machine is asked first; a parent's machine that is busy with a handoff, or with the end, is asked itself.
  const dispatch = (turn: Turn, event: "handoffRequested" | "terminationRequested") =>
    turn.dispatch(who, process.parent.state === "serving" ? { child: event } : { parent: event });
  if (world.handoffs > 0) {
    add({
      kind: "may",
      what: "handoffRequested",
      make: (turn) => {
        turn.world.handoffs -= 1;
        turn.operated = true;
        dispatch(turn, "handoffRequested");
      },
    });
  }
  if (world.terminations > 0) {
    add({
      kind: "may",
      what: "terminationRequested",
      excused: true,
      make: (turn) => {
        turn.world.terminations -= 1;
        if (isSurvivor(process) && !isHeir(process)) turn.world.ended = true;
        dispatch(turn, "terminationRequested");
        if (isHeir(turn.world.processes[who]!)) turn.violate("INV-5", "goes on, and was told to end");
      },
    });
  }
}

/** Where a parent's application is asked for its state. */
const exporting = new Set<ParentState>(["preparing", "parking", "transferring"]);

/** What comes back from the application and from the platform. */
function addApplication({ scenario, who, process, add }: Place): void {
  const kind = scenario.prompt ? "must" : "may";
  const { state } = process.child;
  const childEvent = (
    event: ChildEvent,
    options: Pick<Move, "kind"> & { excused?: true },
    first?: (turn: Turn) => void,
    last?: (turn: Turn) => void,
  ) =>
    add({
      ...options,
      what: event,
      make: (turn) => {
        first?.(turn);
        toChild(turn, who, event);
        last?.(turn);
      },
    });
  if (state === "booting") {
    if (scenario.versionsMeet) childEvent("offerRead", { kind: "must" });
    else childEvent("versionUnsupported", { kind: "must", excused: true });
  }
  // An application wants state or does not: its next release may have changed its mind.
  if (scenario.stateful && state === "preparing" && !process.wants && !process.prepared) {
    childEvent("streamCarried", { kind: "may" }, (turn) => {
      changeProcess(turn.world, who).wants = true;
    });
  }
  if (!process.prepared && state !== "booting") {
    childEvent("readyDeclared", { kind }, (turn) => {
      changeProcess(turn.world, who).prepared = true;
    });
  }
  if (isHeir(process) && state !== "booting" && scenario.failures.includes("preparation")) {
    childEvent("preparationFailed", { kind: "fault", excused: true }, undefined, (turn) => {
      if (isHeir(turn.world.processes[who]!))
        turn.violate("INV-5", "goes on, and its application has failed");
    });
  }
  const imports = (imported: Process["imported"]) => (turn: Turn) => {
    changeProcess(turn.world, who).imported = imported;
  };
  if (process.imported === "all") childEvent("stateImported", { kind }, imports("adopted"));
  if ((process.imported === "some" || process.imported === "all") && scenario.failures.includes("state")) {
    childEvent("stateRejected", { kind: "fault" }, imports("nothing"), (turn) => {
      const { state: now } = turn.world.processes[who]!.child;
      if (now === "preparing" || now === "ready") {
        turn.violate("INV-6", "goes on without the state that its application has refused");
      }
    });
  }
  const { parent } = process;
  if (
    scenario.failures.includes("state") &&
    parent.facts.includes("stateful") &&
    exporting.has(parent.state)
  ) {
    add({
      kind: "fault",
      what: "exportFailed",
      make: (turn) => {
        turn.dispatch(who, { parent: "exportFailed" });
        if (exporting.has(turn.world.processes[who]!.parent.state)) {
          turn.violate("INV-6", "goes on with a handoff, and its application cannot give out the state");
        }
      },
    });
  }
  if (process.parkPending) {
    add({
      kind,
      what: "parked",
      make: (turn) => {
        const changed = changeProcess(turn.world, who);
        changed.parkPending = false;
        changed.exclusive = false;
        turn.dispatch(who, { parent: "parked" });
      },
    });
    if (scenario.failures.includes("park")) {
      add({
        kind: "fault",
        what: "parkFailed",
        make: (turn) => {
          changeProcess(turn.world, who).parkPending = false;
          turn.dispatch(who, { parent: "parkFailed" });
        },
      });
    }
  }
}

/** A draining parent whose child is gone, unseen: before it gives up its way back it looks. */
function mustSeeExitFirst({ world, scenario, who, process }: Place): boolean {
  const unseen = world.processes[who + 1]?.life === "dead";
  return scenario.duties.parentLooksFirst && process.parent.state === "draining" && unseen;
}

/** A process pauses the connection that is followed, and one that could adopt it is ready to. */
function addConnection({ world, scenario, who, add }: Place): void {
  const { connection } = world;
  if (connection === undefined || scenario.moves === undefined) return;
  if (connection.adoption[who] === "pending") {
    add({
      kind: scenario.prompt ? "must" : "may",
      what: "adoptionPrepared",
      make: (turn) => {
        setFor(turn, who, "adoption", "idle");
        toChild(turn, who, "adoptionPrepared");
      },
    });
  }
  const child = world.processes[who + 1];
  const canPause = connection.moving[who] && connection.copies[who] === "reading" && connection.batches > 0;
  if (!canPause || child === undefined || child.life === "absent") return;
  for (const still of scenario.moves.late ? [true, false] : [true]) {
    add({
      kind: "may",
      what: `connectionsPaused${still ? "" : " (late bytes)"}`,
      make: (turn) => {
        change(turn, { batches: connection.batches - 1, still });
        setFor(turn, who, "copies", "paused");
        turn.dispatch(who, { parent: "connectionsPaused" });
      },
    });
  }
}

/** A connection on its way, or not yet released, has not ended. */
function mustMoveFirst({ world, scenario, who }: Place): boolean {
  const copy = copyOf(world, who);
  return scenario.duties.drainedWaitsForMoves && copy !== "none" && copy !== "reading";
}

/** Whether a parent waits for what this deadline bounds. */
function boundsAsParent({ world, who, process }: Place, deadline: Deadline): boolean {
  const { accepting, draining, parkPending } = process;
  const over = world.channels[who]?.over === true;
  switch (deadline) {
    case "ready":
      return accepting && !over;
    case "park":
      return parkPending;
    case "commit":
      return !accepting && !parkPending && !draining;
    case "drain":
      return draining;
    case "exit":
      return accepting && over;
    default:
      return false;
  }
}

function addDeadlines(place: Place): void {
  const { scenario, machines, who, process, add } = place;
  const isThrough =
    process.draining && process.connected && !mustSeeExitFirst(place) && !mustMoveFirst(place);
  if (scenario.drains && isThrough) {
    add({
      kind: scenario.prompt ? "must" : "may",
      what: "drained",
      make: (turn) => {
        // What has ended while it fences has ended; it is said again when it drains again.
        if (process.parent.state !== "fencing") {
          changeProcess(turn.world, who).connected = false;
          finish(turn, who);
        }
        turn.dispatch(who, { parent: "drained" });
      },
    });
  }
  const expires = (deadline: Deadline | undefined) =>
    deadline !== undefined && scenario.deadlines.includes(deadline);
  const own = machines.parent.deadlines[process.parent.state];
  if (expires(own) && !mustSeeExitFirst(place)) {
    add({
      kind: "must",
      what: `deadlineExpired (${own})`,
      make: (turn) => {
        if (!boundsAsParent(place, own!)) turn.violate("INV-5", `the ${own} deadline bounds another wait`);
        turn.dispatch(who, { parent: "deadlineExpired" });
      },
    });
  }
  const towardsParent = machines.child.deadlines[process.child.state];
  if (expires(towardsParent)) {
    add({
      kind: "must",
      what: `deadlineExpired (${towardsParent}, as a child)`,
      make: (turn) => {
        const { told } = process;
        const bounds = towardsParent === "relinquish" ? told : towardsParent === "commit" && !told;
        if (!bounds) turn.violate("INV-5", `the ${towardsParent} deadline bounds another wait`);
        toChild(turn, who, "deadlineExpired");
      },
    });
  }
}

const downwardEvents: Readonly<Record<Downward, ChildEvent>> = {
  abort: "abortReceived",
  warm: "stateReceived",
  part: "stateReceived",
  final: "stateReceived",
  commit: "commitReceived",
  relinquished: "relinquishedReceived",
  request: "requestReceived",
  stop: "stopReceived",
  connections: "connectionsReceived",
  late: "connectionsLateReceived",
  released: "connectionsReleasedReceived",
  farewell: "farewellReceived",
  garbage: "protocolViolated",
};

/** Events by which a child would leave for its parent's sake: void, if there is no parent any more. */
const forTheParentsSake = new Set<ChildEvent>([
  "abortReceived",
  "channelEnded",
  "protocolViolated",
  "deadlineExpired",
  "stateRejected",
]);

/** An event reaches the child's machine; a parent's death that nobody has noticed yet may come before it. */
function toChild(turn: Turn, who: number, event: ChildEvent): void {
  const process = turn.world.processes[who]!;
  const orphan = !lives(turn.world.processes[who - 1]);
  const heir = process.child.state === "preparing" || process.child.state === "ready";
  if (turn.scenario.duties.childLooksFirst && orphan && heir && forTheParentsSake.has(event)) {
    seeDeath(turn, who);
    return;
  }
  turn.dispatch(who, { child: event });
}

function seeDeath(turn: Turn, who: number): void {
  const channel = changeChannel(turn.world, who - 1);
  channel.deathSeen = true;
  channel.down = [];
  turn.dispatch(who, { child: "parentDied" });
}

function addFromParent({ world, scenario, who, process, add }: Place): void {
  if (who === 0 || process.child.state === "booting") return;
  const c = who - 1;
  const channel = world.channels[c]!;
  const parentLives = lives(world.processes[who - 1]);
  const [head, ...rest] = channel.closedBy === "child" ? [] : channel.down;
  if (head !== undefined) {
    const event = downwardEvents[head];
    const isVoid = process.leaving && head === "connections" && scenario.duties.leaversAdoptNothing;
    add({
      kind: "must",
      what: channel.deafChild || isVoid ? `discards ${head}` : event,
      ...(event === "stopReceived" ? { excused: true as const } : {}),
      make: (turn) => {
        const changed = changeChannel(turn.world, c);
        changed.down = rest;
        if (channel.deafChild && (head === "late" || head === "released")) change(turn, { excused: true });
        if (channel.deafChild || isVoid) return;
        if (head === "garbage") changed.deafChild = true;
        if (head === "connections") setFor(turn, who, "owing", true);
        if (head === "commit" && process.child.state === "ready") {
          if (process.wants && process.imported !== "adopted") {
            turn.violate("INV-6", "becomes owner without the state that it wants");
          }
          changeProcess(turn.world, who).imported = "nothing";
        }
        toChild(turn, who, event);
        const { connection } = turn.world;
        if (head === "garbage" && connection?.adoption[who] === "awaiting" && !isHeir(process)) {
          turn.violate("INV-4", "lets its parent wait for the answer to a batch that it will not see");
        }
        if (head === "released" && copyOf(turn.world, who) === "adopted") {
          turn.violate("INV-4", "does not read from a connection that was released to it");
        }
        const reader = turn.world.processes[who]!;
        if (event === "stateReceived" && isHeir(reader) && reader.imported === "nothing") {
          turn.violate("INV-6", "reads state, and does not import it");
        }
        if (head === "final" && turn.world.processes[who]?.imported === "some") {
          changeProcess(turn.world, who).imported = "all";
        }
      },
    });
    return;
  }
  if (!parentLives && !channel.deathSeen) {
    const blind = channel.deafChild || channel.endSeenByChild;
    if (blind && !scenario.duties.deathsOutliveChannels) return;
    add({ kind: "must", what: "parentDied", make: (turn) => seeDeath(turn, who) });
  } else if (parentLives && channel.closedBy !== "nobody" && !channel.endSeenByChild) {
    add({
      kind: "must",
      what: "channelEnded (from its parent)",
      make: (turn) => {
        changeChannel(turn.world, c).endSeenByChild = true;
        toChild(turn, who, "channelEnded");
      },
    });
  }
}

const upwardEvents: Readonly<Record<Upward, ParentEvent>> = {
  accept: "acceptReceived",
  refuse: "refuseReceived",
  progress: "progressReceived",
  "state-wanted": "stateWantedReceived",
  ready: "readyReceived",
  "state-adopted": "stateAdoptedReceived",
  committed: "committedReceived",
  relinquish: "relinquishReceived",
  "superseded by the third": "supersededReceived",
  "superseded by the fourth": "supersededReceived",
  stop: "stopReceived",
  awaited: "connectionsAwaitedReceived",
  declined: "connectionsDeclinedReceived",
  adopted: "connectionsAdoptedReceived",
  refused: "connectionsRefusedReceived",
  abort: "abortReceived",
  garbage: "protocolViolated",
};

/** What a message from the child is to its parent, the generation of this number. */
function upwardEvent(message: Upward, number: number, drainsMax: number): ParentEvent {
  const newest = newestIn[message];
  return newest !== undefined && newest - number > drainsMax ? "drainBoundHit" : upwardEvents[message];
}

/** Where the child has said that it is owner. */
const sparing = new Set<ParentState>(["draining", "departing"]);

/** What a child that is dead by now cannot have meant for a parent that survives it. */
const voidOfTheDead = new Set<Upward>(["relinquish", "adopted"]);

function addFromChild({ world, scenario, who, process, add }: Place): void {
  const channel = world.channels[who];
  const child = world.processes[who + 1];
  if (channel === undefined || child === undefined || child.life === "absent") return;
  const gone = child.life === "dead";
  const [head, ...rest] = channel.closedBy === "parent" ? [] : channel.up;
  if (head !== undefined) {
    const event = upwardEvent(head, who + 1, scenario.drainsMax);
    const newest = newestIn[head];
    const isVoid = gone && voidOfTheDead.has(head) && scenario.duties.parentLooksFirst;
    add({
      kind: "must",
      what: channel.deafParent || isVoid ? `discards ${head}` : event,
      ...(event === "stopReceived" ? { excused: true as const } : {}),
      make: (turn) => {
        const changed = changeChannel(turn.world, who);
        changed.up = rest;
        if (channel.deafParent || isVoid) return;
        if (head === "garbage") changed.deafParent = true;
        const { state } = process.parent;
        if (newest !== undefined && state === "departing") changeProcess(turn.world, who).newest = newest;
        turn.dispatch(who, { parent: event });
        if (event === "drainBoundHit" && turn.world.processes[who]!.parent.state === "departing") {
          turn.violate("INV-5", "drains on, and more generations drain than may");
        }
        if (event === "supersededReceived" && state === "departing" && !turn.executed.has("sendSuperseded")) {
          turn.violate("INV-5", "keeps from the generations before it how many have come after");
        }
        if (head === "garbage" && sparing.has(state) && turn.executed.has("killChild")) {
          turn.violate("INV-2", "ends an owner that may serve well, for what it wrote");
        }
        const isHeld = (head === "refused" || head === "declined") && copyOf(turn.world, who) === "sent";
        if (isHeld && process.parent.state !== "fencing") {
          turn.violate("INV-4", "does not read again from a connection that its child could not take");
        }
        if (event === "progressReceived" && state === "preparing" && !turn.executed.has("reportProgress")) {
          turn.violate("INV-6", "reads what its child is busy with, and tells nobody");
        }
        if (event === "stateWantedReceived" && state === "preparing" && !turn.executed.has("sendWarmState")) {
          turn.violate("INV-6", "is asked for state, and sends none while it serves");
        }
      },
    });
  } else if ((gone || channel.closedBy !== "nobody") && !channel.endSeenByParent) {
    add({
      kind: "must",
      what: "channelEnded (from its child)",
      make: (turn) => {
        changeChannel(turn.world, who).endSeenByParent = true;
        turn.dispatch(who, { parent: "channelEnded" });
      },
    });
  }
  if (gone && (head === undefined || !scenario.duties.messagesBeforeExit)) {
    add({
      kind: "must",
      what: "childExited",
      make: (turn) => {
        turn.forgetChild(who);
        turn.dispatch(who, { parent: "childExited" });
      },
    });
  }
}
