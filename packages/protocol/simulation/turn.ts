import type { ChildEffect, ChildEvent, ChildFact, ChildState } from "../src/child/state.js";
import { HandoffError } from "../src/error.js";
import type { ParentEffect, ParentEvent, ParentFact, ParentState } from "../src/parent/state.js";
import { type Role, step } from "../src/table.js";
import { execute, type Variant } from "./effects.js";
import type { Scenario } from "./scenario.js";
import {
  absent,
  changeChannel,
  changeProcess,
  copyOf,
  freshChannel,
  isHeir,
  type Process,
  type RoleName,
  type Todo,
  type World,
} from "./world.js";

/** The two tables under exploration: the real ones, or a mutant's. */
export interface Machines {
  readonly parent: Role<ParentState, ParentEvent, ParentEffect, ParentFact>;
  readonly child: Role<ChildState, ChildEvent, ChildEffect, ChildFact>;
}

/** The promises that an exploration checks. ROWS: the tables have a row for whatever can happen. */
export type Invariant = "INV-1" | "INV-2" | "INV-3" | "INV-4" | "INV-5" | "INV-6" | "INV-7" | "ROWS";

export interface Violation {
  readonly invariant: Invariant;
  readonly why: string;
}

/** Called for every step that a machine takes. */
export type Witness = (role: RoleName, state: string, event: string, facts: readonly string[]) => void;

/** One move being made: a world that is being changed, and what it breaks on the way. */
export class Turn {
  readonly world: World;
  readonly violations: Violation[] = [];
  /** The event comes from outside, and not from the process's other machine. */
  operated = false;
  /** What was done so far. */
  readonly executed = new Set<string>();

  constructor(
    before: World,
    readonly scenario: Scenario,
    readonly machines: Machines,
    readonly witness?: Witness,
  ) {
    this.world = copyOf(before);
  }

  violate(invariant: Invariant, why: string): void {
    this.violations.push({ invariant, why });
  }

  /** An event reaches a machine; its first effect is begun at once, for a crash in between is a crash before the event. */
  dispatch(i: number, event: { parent: ParentEvent } | { child: ChildEvent }): void {
    this.enqueue(i, event);
    this.work(i);
  }

  /** The machine's step, without its effects. */
  enqueue(i: number, event: { parent: ParentEvent } | { child: ChildEvent }): void {
    if ("parent" in event) this.parentStep(i, event.parent);
    else this.childStep(i, event.child);
  }

  private parentStep(i: number, event: ParentEvent): void {
    const process = changeProcess(this.world, i);
    const taken = this.attempt(() => step(this.machines.parent, process.parent, event));
    if (taken === undefined) return;
    const ignored = taken.ignored !== undefined;
    this.witness?.("parent", process.parent.state, event, process.parent.facts);
    if (event === "handoffRequested" && ignored && !leaves.has(process.parent.state)) {
      this.violate("INV-5", `forgets a request in ${process.parent.state}`);
    }
    const over =
      taken.effects.some((effect) => effect === "sendAbort" || effect === "killChild") ||
      (underWay.has(process.parent.state) && endsTheHandoff.has(event));
    if (over && this.world.channels[i] !== undefined) changeChannel(this.world, i).over = true;
    process.parent = taken.position;
    if (taken.effects.length > 0) {
      process.todo = [...process.todo, ...taken.effects.map((effect): Todo => ({ role: "parent", effect }))];
    }
    if (event === "handoffRequested" && !ignored && this.operated) process.asked = true;
  }

  private childStep(i: number, event: ChildEvent): void {
    const process = changeProcess(this.world, i);
    const taken = this.attempt(() => step(this.machines.child, process.child, event));
    if (taken === undefined) return;
    const ignored = taken.ignored !== undefined;
    this.witness?.("child", process.child.state, event, process.child.facts);
    if ((event === "handoffRequested" || event === "requestReceived") && ignored && canServe(process)) {
      this.violate("INV-5", `forgets a request in ${process.child.state}`);
    }
    process.child = taken.position;
    if (taken.effects.length > 0) {
      process.todo = [...process.todo, ...taken.effects.map((effect): Todo => ({ role: "child", effect }))];
    }
    if ((event === "handoffRequested" || event === "requestReceived") && !ignored) process.asked = true;
  }

  private attempt<T>(take: () => T): T | undefined {
    try {
      return take();
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
      this.violate("ROWS", error.message);
      return undefined;
    }
  }

  /** Begins the effects, up to the second one that somebody else could notice. */
  private work(i: number): void {
    const first = this.world.processes[i]!.todo[0];
    if (first === undefined || first.effect === "spawnChild" || first.effect === "adoptConnections") return;
    this.workOnce(i);
    this.workSilently(i);
  }

  /** Goes on with the effects that nobody else could notice. */
  workSilently(i: number): void {
    let next = this.world.processes[i]!.todo[0];
    while (next !== undefined && silent.has(next.effect)) {
      this.workOnce(i);
      next = this.world.processes[i]!.todo[0];
    }
  }

  /** The exit of the child was seen: what is still on its way from it is dropped. */
  forgetChild(i: number): void {
    this.world.processes[i + 1] = absent;
    this.world.channels[i] = freshChannel;
  }

  workOnce(i: number, variant: Variant = "usual"): void {
    const process = changeProcess(this.world, i);
    const [next, ...rest] = process.todo;
    process.todo = rest;
    if (next === undefined) return;
    this.executed.add(next.effect);
    execute(this, i, next, variant);
  }
}

/** Whether a request means something to a child: it is not yet owner, or is owner and has not been asked already. */
const canServe = (process: Process): boolean => isHeir(process) || process.child.state === "succeeding";

/** A generation that cannot hand over any more. */
const leaves = new Set<ParentState>(["departing", "stopping", "left"]);

/** A handoff is going on, and nothing has failed. */
const underWay = new Set<ParentState>(["offering", "preparing", "parking", "transferring", "committing"]);

/** After these no handoff goes on. */
const endsTheHandoff = new Set<ParentEvent>([
  "refuseReceived",
  "abortReceived",
  "protocolViolated",
  "channelEnded",
  "parkFailed",
  "deadlineExpired",
]);

/**
 * Effects that change nothing outside their process. A crash after one is the same world as a crash before it, so that
 * nothing is lost by executing them together with the effect before.
 */
const silent = new Set<string>([
  "drainConnections",
  "resumeConnections",
  "cutConnections",
  "discardDropped",
  "reportProgress",
  "reportAborted",
  "reportCommitted",
  "reportRolledBack",
  "reportOwner",
  "denyHandoff",
  "importState",
  "startHandoff",
  "stopServing",
  "prepareAdoption",
  "keepLateBytes",
  "moveConnections",
  "keepConnections",
  "takeConnections",
  "inheritConnections",
]);
