import type { ChildEffect } from "../src/child/state.js";
import type { ParentEffect } from "../src/parent/state.js";
import * as connection from "./connection.js";
import type { Turn } from "./turn.js";
import {
  absent,
  changeChannel,
  changeProcess,
  type Downward,
  dead,
  freshChannel,
  lives,
  newborn,
  newestIn,
  type Report,
  type Todo,
  type Upward,
} from "./world.js";

/** `fails`: the spawn, or the adoption, does not succeed. `rest`: the second piece of what was sent before. */
export type Variant = "usual" | "fails" | "rest";

type Handler = (turn: Turn, i: number, variant: Variant) => void;

/** What an effect does to the world, and which promises it can break at that instant. */
export function execute(turn: Turn, i: number, todo: Todo, variant: Variant): void {
  if (todo.role === "parent") parentEffects[todo.effect](turn, i, todo.rest === true ? "rest" : variant);
  else childEffects[todo.effect](turn, i, variant);
}

/** Writes to the child, if the channel still takes it. */
function sendDown(turn: Turn, i: number, message: Downward): void {
  const channel = turn.world.channels[i];
  if (channel === undefined || channel.closedBy !== "nobody" || !lives(turn.world.processes[i + 1])) return;
  changeChannel(turn.world, i).down = [...channel.down, message];
}

/** Writes to the parent, if the channel still takes it. */
function sendUp(turn: Turn, i: number, message: Upward): void {
  const channel = turn.world.channels[i - 1];
  if (channel === undefined || channel.closedBy !== "nobody" || !lives(turn.world.processes[i - 1])) return;
  changeChannel(turn.world, i - 1).up = [...channel.up, message];
}

/** Says why the handoff ends; heard or not, it was said. */
const explaining =
  (c: (i: number) => number, send: Handler): Handler =>
  (turn, i, variant) => {
    if (turn.world.channels[c(i)] !== undefined) changeChannel(turn.world, c(i)).explained = true;
    send(turn, i, variant);
  };

const down =
  (message: Downward): Handler =>
  (turn, i) =>
    sendDown(turn, i, message);

const up =
  (message: Upward): Handler =>
  (turn, i) =>
    sendUp(turn, i, message);

/** A process is gone: its inside is void, what it wrote is still on its way, and its parent may learn of it. */
export function exit(turn: Turn, i: number, byItself = false): void {
  connection.endOf(turn, i, byItself);
  const { processes, channels } = turn.world;
  const parentLives = i > 0 && lives(processes[i - 1]);
  processes[i] = parentLives ? dead : absent;
  if (i > 0) {
    // Nobody reads what goes down to the dead, and a dead parent's child is nobody's concern.
    if (parentLives) changeChannel(turn.world, i - 1).down = [];
    else channels[i - 1] = freshChannel;
  }
  const below = processes[i + 1];
  if (below?.life === "dead") processes[i + 1] = absent;
  if (i < channels.length) {
    if (lives(below)) changeChannel(turn.world, i).up = [];
    else channels[i] = freshChannel;
  }
}

/** Each handoff has one outcome: aborted, or committed and then perhaps rolled back, or rolled back at once. */
const reports =
  (effect: string, allowed: readonly Report[], next: Report): Handler =>
  (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (!allowed.includes(process.report)) {
      turn.violate("INV-6", `${effect}, where the handoff's outcome is: ${process.report}`);
    }
    process.report = next;
  };

const accept: Handler = (turn, i) => {
  const process = changeProcess(turn.world, i);
  if (!process.prepared) turn.violate("INV-4", "accepts before the application could serve");
  if (!process.holding) turn.violate("INV-1", "accepts on a listener that was given up");
  if (process.draining) turn.violate("INV-4", "accepts while it drains: what it accepts now is told to go");
  process.accepting = true;
  process.exclusive = true;
  process.connected = true;
};

/** What was sent is sent in two pieces. */
function restOf(turn: Turn, i: number, effect: ParentEffect): void {
  const process = changeProcess(turn.world, i);
  process.todo = [{ role: "parent", effect, rest: true }, ...process.todo];
}

const keepConnections: Handler = (turn, i) => {
  const copy = connection.copyOf(turn.world, i);
  if (copy === "paused" || copy === "sent") connection.read(turn, i);
};

/** A batch is answered, once. */
function answer(turn: Turn, i: number, message: "adopted" | "refused"): void {
  connection.setFor(turn, i, "owing", false);
  sendUp(turn, i, message);
}

/** What is told to go while new connections come in is never complete. */
const drain: Handler = (turn, i) => {
  const process = changeProcess(turn.world, i);
  if (process.accepting) turn.violate("INV-4", "begins to drain while it accepts");
  process.draining = true;
};

/** A failure is reported by a parent that serves again, unless the service ends. */
const whoServes =
  (report: Handler): Handler =>
  (turn, i, variant) => {
    const { accepting, draining, parent } = turn.world.processes[i]!;
    const serves = accepting && !draining;
    if (!serves && !parent.facts.includes("stopping")) {
      turn.violate("INV-6", "reports that a handoff failed before it serves again");
    }
    report(turn, i, variant);
  };

const mustHaveLeft = (turn: Turn, state: string) => {
  if (state !== "left") turn.violate("INV-5", `leaves, and counts itself as ${state}`);
};

/** By the number of the newest owner. */
const supersededBy = Object.fromEntries(
  Object.entries(newestIn).map(([message, newest]) => [newest, message]),
) as Readonly<Record<number, Upward>>;

const parentEffects: Record<ParentEffect, Handler> = {
  spawnChild: (turn, i, variant) => {
    const process = changeProcess(turn.world, i);
    if (process.report !== "none") turn.violate("INV-6", "a handoff begins before the last one was reported");
    if (!process.asked) turn.violate("INV-6", "begins a handoff that nobody asked for");
    process.report = "due";
    process.asked = false;
    const slot = turn.world.processes[i + 1];
    if (slot === undefined || variant === "fails") {
      process.spawn = "failed";
      return;
    }
    if (lives(slot)) turn.violate("INV-3", "a second child, while the first one lives");
    turn.world.processes[i + 1] = newborn(false);
    turn.world.channels[i] = freshChannel;
    process.spawn = "done";
  },
  sendAbort: explaining((i) => i, down("abort")),
  sendWarmState: down("warm"),
  // The state is a stream: its sender can die in the middle of it.
  sendFinalState: (turn, i, variant) => {
    if (variant === "rest") return sendDown(turn, i, "final");
    // Nothing is sent that was not asked for.
    if (!turn.world.processes[i + 1]?.wants) return;
    sendDown(turn, i, "part");
    const process = changeProcess(turn.world, i);
    process.todo = [{ role: "parent", effect: "sendFinalState", rest: true }, ...process.todo];
  },
  sendCommit: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (process.accepting) turn.violate("INV-3", "commits while it accepts");
    if (process.exclusive) turn.violate("INV-3", "commits while it does exclusive work");
    if (process.report === "due") process.report = "irrevocable";
    sendDown(turn, i, "commit");
  },
  sendRelinquished: (turn, i) => {
    if (turn.world.processes[i]?.holding) {
      turn.violate("INV-5", "relinquishes, and keeps the sockets that it can never use again");
    }
    sendDown(turn, i, "relinquished");
  },
  sendRequest: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (!process.asked && process.holding) {
      turn.violate("INV-5", "passes on a request that nobody made");
    }
    process.asked = false;
    sendDown(turn, i, "request");
  },
  sendSuperseded: (turn, i) => {
    const process = changeProcess(turn.world, i);
    const message = supersededBy[process.newest];
    if (i > 0 && message === undefined) turn.violate("INV-5", "passes on a number that nobody told");
    process.newest = 0;
    if (message !== undefined) sendUp(turn, i, message);
  },
  sendStop: down("stop"),
  sendFarewell: (turn, i) => {
    if (turn.world.processes[i]?.connected) turn.violate("INV-4", "says farewell with connections open");
    if (turn.world.channels[i] !== undefined) changeChannel(turn.world, i).farewell = true;
    sendDown(turn, i, "farewell");
  },
  parkListeners: (turn, i) => {
    const process = changeProcess(turn.world, i);
    process.accepting = false;
    process.parkPending = true;
  },
  unparkListeners: (turn, i, variant) => {
    accept(turn, i, variant);
    changeProcess(turn.world, i).parkPending = false;
  },
  closeListeners: (turn, i) => {
    const process = changeProcess(turn.world, i);
    process.accepting = false;
    process.holding = false;
    process.asked = false;
  },
  releaseListeners: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (process.accepting) turn.violate("INV-2", "releases listeners that it accepts on");
    process.holding = false;
  },
  drainConnections: drain,
  resumeConnections: (turn, i, variant) => {
    changeProcess(turn.world, i).draining = false;
    keepConnections(turn, i, variant);
    connection.setFor(turn, i, "moving", false);
  },
  cutConnections: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (!process.draining) turn.violate("INV-4", "cuts connections that it was never asked to finish");
    process.connected = false;
    if (connection.copyOf(turn.world, i) !== "none") connection.change(turn, { excused: true });
    connection.close(turn, i);
  },
  moveConnections: (turn, i) => connection.setFor(turn, i, "moving", true),
  // Descriptors first, then the message: their sender can die between the two.
  sendConnections: (turn, i, variant) => {
    if (variant === "rest") return sendDown(turn, i, "connections");
    const { world } = turn;
    if (connection.copyOf(world, i) !== "paused") return;
    const child = world.processes[i + 1];
    const adoption = world.connection?.adoption[i + 1];
    if (world.channels[i]?.closedBy !== "nobody" || !lives(child) || adoption === "declined") {
      // Nobody has got anything: that is known at once.
      turn.enqueue(i, { parent: "connectionsRefusedReceived" });
      return;
    }
    if (adoption !== "awaiting") {
      turn.violate("INV-4", "moves a connection to a child that does not await any");
    }
    connection.setFor(turn, i, "passing", world.connection?.stale[i] ? "stale" : "fresh");
    connection.setFor(turn, i, "copies", "sent");
    restOf(turn, i, "sendConnections");
  },
  // Late bytes, then close, then say so.
  releaseConnections: (turn, i, variant) => {
    if (variant === "rest") {
      const channel = turn.world.channels[i];
      if (channel?.closedBy !== "nobody") connection.change(turn, { excused: true });
      if (lives(turn.world.processes[i + 1])) connection.change(turn, { custodian: i + 1 });
      return sendDown(turn, i, "released");
    }
    if (connection.copyOf(turn.world, i) !== "sent") return;
    const isLost = lives(turn.world.processes[i + 1]) && connection.copyOf(turn.world, i + 1) !== "adopted";
    if (isLost && turn.world.connection?.excused === false) {
      turn.violate("INV-4", "closes its copy before the child has one");
    }
    if (turn.world.connection?.still === false) sendDown(turn, i, "late");
    connection.close(turn, i);
    restOf(turn, i, "releaseConnections");
  },
  keepConnections: (turn, i, variant) => keepConnections(turn, i, variant),
  killChild: (turn, i) => {
    if (lives(turn.world.processes[i + 1])) changeProcess(turn.world, i + 1).doomed = true;
  },
  reportProgress: () => {},
  reportAborted: whoServes(reports("reportAborted", ["due"], "none")),
  reportCommitted: (turn, i, variant) => {
    reports("reportCommitted", ["irrevocable"], "committed")(turn, i, variant);
    changeProcess(turn.world, i).newest = i + 2;
  },
  reportRolledBack: whoServes(reports("reportRolledBack", ["irrevocable", "committed"], "none")),
  leave: (turn, i) => {
    const process = turn.world.processes[i]!;
    mustHaveLeft(turn, process.parent.state);
    const channel = turn.world.channels[i];
    if (lives(turn.world.processes[i + 1]) && channel?.closedBy === "nobody" && !channel.farewell) {
      turn.violate("INV-6", "leaves an owner behind without a farewell");
    }
    if (process.connected) turn.violate("INV-4", "leaves with accepted connections that are open");
    if (connection.copyOf(turn.world, i) !== "none")
      turn.violate("INV-4", "leaves with a connection that moves");
    if (process.report === "due" || process.report === "irrevocable") {
      turn.violate("INV-6", `leaves without a report of its handoff's outcome (${process.report})`);
    }
    changeProcess(turn.world, i).leaving = true;
  },
};

const childEffects: Record<ChildEffect, Handler> = {
  sendAccept: (turn, i) => {
    sendUp(turn, i, "accept");
    // Progress can follow at any time before ready; no later place in the queue makes a difference to anybody.
    if (turn.scenario.progress) sendUp(turn, i, "progress");
  },
  sendRefuse: explaining((i) => i - 1, up("refuse")),
  sendStateWanted: up("state-wanted"),
  sendReady: up("ready"),
  sendAbort: explaining((i) => i - 1, up("abort")),
  importState: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (process.imported === "nothing") process.imported = "some";
  },
  sendStateAdopted: up("state-adopted"),
  startAccepting: accept,
  sendCommitted: (turn, i) => {
    if (!turn.world.processes[i]?.accepting) turn.violate("INV-2", "says committed before it accepts");
    sendUp(turn, i, "committed");
  },
  sendRelinquish: up("relinquish"),
  sendStop: up("stop"),
  prepareAdoption: (turn, i) => connection.setFor(turn, i, "adoption", "pending"),
  sendConnectionsAwaited: (turn, i) => {
    connection.setFor(turn, i, "adoption", "awaiting");
    sendUp(turn, i, "awaited");
  },
  declineConnections: (turn, i) => {
    const adoption = turn.world.connection?.adoption[i] ?? "idle";
    if (adoption === "idle") return;
    connection.closePassing(turn, i - 1);
    connection.setFor(turn, i, "adoption", "declined");
    sendUp(turn, i, "declined");
  },
  adoptConnections: (turn, i, variant) => {
    const passing = turn.world.connection?.passing[i - 1] ?? "nothing";
    if (variant === "fails" || passing === "nothing") {
      connection.closePassing(turn, i - 1);
      answer(turn, i, "refused");
      return;
    }
    connection.setFor(turn, i, "copies", "adopted");
    connection.setFor(turn, i, "stale", passing === "stale");
    connection.setFor(turn, i, "late", false);
    connection.closePassing(turn, i - 1);
    answer(turn, i, "adopted");
  },
  refuseConnections: (turn, i) => {
    connection.closePassing(turn, i - 1);
    answer(turn, i, "refused");
  },
  keepLateBytes: (turn, i) => connection.setFor(turn, i, "late", true),
  takeConnections: (turn, i) => {
    const { connection: tracked } = turn.world;
    if (tracked === undefined || tracked.copies[i] !== "adopted") return;
    if (!tracked.still && !tracked.late[i]) {
      turn.violate("INV-4", "reads from a connection without what its parent had read of it");
    }
    connection.read(turn, i);
  },
  inheritConnections: (turn, i) => {
    connection.closePassing(turn, i - 1);
    if (connection.copyOf(turn.world, i) !== "adopted") return;
    if (turn.world.connection?.still) connection.read(turn, i);
    else connection.close(turn, i);
  },
  discardDropped: (turn, i) => {
    const above = turn.world.processes[i - 1];
    const state = above?.parent.state;
    // Only then is there nobody left who could need this process's descriptors of them.
    if (lives(above) && state !== "departing" && state !== "left") {
      turn.violate("INV-1", "discards listeners while its parent could still come back");
    }
    const process = changeProcess(turn.world, i);
    if (!process.accepting) turn.violate("INV-1", "discards listeners before it accepts itself");
    if (process.child.state !== "owner") {
      turn.violate("INV-5", `discards listeners, and counts itself as ${process.child.state}`);
    }
    process.surplus = false;
  },
  reportOwner: (turn, i) => {
    const process = changeProcess(turn.world, i);
    if (!process.accepting) turn.violate("INV-2", "tells its application that it is owner before it accepts");
    process.told = true;
  },
  startHandoff: (turn, i) => {
    const { told, todo } = turn.world.processes[i]!;
    if (!told) turn.violate("INV-3", "hands over before its application knows that it is owner");
    if (todo.some(({ effect }) => effect === "discardDropped")) {
      turn.violate("INV-5", "hands over with sockets that its generation does not want");
    }
    turn.enqueue(i, { parent: "handoffRequested" });
  },
  denyHandoff: (turn, i) => {
    changeProcess(turn.world, i).asked = false;
  },
  stopServing: (turn, i) => {
    changeProcess(turn.world, i).asked = false;
    turn.enqueue(i, { parent: "terminationRequested" });
  },
  leave: (turn, i) => {
    const process = turn.world.processes[i]!;
    mustHaveLeft(turn, process.child.state);
    if (process.accepting) turn.violate("INV-2", "leaves as a child while it accepts");
    if (process.connected) turn.violate("INV-4", "leaves as a child with accepted connections that are open");
    const channel = turn.world.channels[i - 1];
    const heard = channel?.closedBy === "nobody" && lives(turn.world.processes[i - 1]);
    if (heard && !channel.explained) turn.violate("INV-6", "leaves, and its parent will never know why");
    changeProcess(turn.world, i).leaving = true;
  },
};
