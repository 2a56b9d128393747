import { subscribe } from "node:diagnostics_channel";
import type { ParentState } from "@heirloom/protocol";
import { now } from "../clock.js";
import type { HandoffReport } from "../report.js";
import type { EffectStep, EventStep, ProgressStep } from "../steps.js";
import { ChildOutput } from "./child-output.js";
import type {
  ChildProgress,
  HandoffOutcome,
  HandoffProgress,
  ProgressAnswer,
  StepAnswer,
} from "./message.js";
import type { ControlSubject } from "./subject.js";

export interface FeedListener {
  /** A handoff begins. What was asked for before is what it serves. */
  began?(): void;
  stepped?(step: StepAnswer): void;
  /** The child says what it is busy with. */
  progressed?(progress: ProgressAnswer): void;
  /** The child is owner. */
  committed?(): void;
  /** The handoff is over: at once when it failed, after the drain when it committed. */
  concluded?(outcome: HandoffOutcome): void;
  /** Everything that this process accepted is finished, and it leaves. */
  left?(): void;
  /** Any of these, or another change of what this generation is doing. */
  changed?(): void;
}

const stepNames: Partial<Record<ParentState, string>> = {
  offering: "spawned",
  preparing: "accepted",
  parking: "ready",
  committing: "commit",
};

const round = (ms: number) => Math.round(ms * 10) / 10;

/** Follows this generation's handoffs as its machines publish them, and tells whoever listens. */
export class HandoffFeed {
  readonly #subject: ControlSubject;
  readonly #listeners = new Set<FeedListener>();
  readonly #output = new ChildOutput();
  #start = 0;
  #progress:
    | { startedAt: number; steps: { step: string; atMs: number }[]; progress?: ChildProgress }
    | undefined;
  #lastFailure: HandoffOutcome | undefined;

  constructor(subject: ControlSubject) {
    this.#subject = subject;
    subscribe("heirloom:effect", (message) => this.#effect(message as EffectStep));
    subscribe("heirloom:event", (message) => this.#event(message as EventStep));
    subscribe("heirloom:progress", (message) => this.#childProgress(message as ProgressStep));
  }

  /** Calls the listener until the function that is returned is called. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get progress(): HandoffProgress | undefined {
    return this.#progress && { ...this.#progress, child: this.#child, steps: [...this.#progress.steps] };
  }

  /** When the handoff began that is under way, on the clock that nobody sets. */
  get begunAt(): number {
    return this.#progress === undefined ? Number.NEGATIVE_INFINITY : this.#start;
  }

  get lastFailure(): HandoffOutcome | undefined {
    return this.#lastFailure;
  }

  /** The steps so far of the handoff that is under way. */
  get steps(): StepAnswer[] {
    return this.#progress?.steps.map((step) => this.#answer(step)) ?? [];
  }

  /** To be called with each report of this generation. */
  conclude(report: HandoffReport): void {
    const { error, child, ...rest } = report;
    const failed = report.outcome !== "committed";
    const output = failed ? this.#output.read() : undefined;
    const outcome: HandoffOutcome = {
      ...rest,
      child: { generation: child.generation, ...(child.pid !== undefined && { pid: child.pid }) },
      ...(error && { error: { code: error.code, message: error.message } }),
      ...(output && { output }),
    };
    if (failed) this.#lastFailure = outcome;
    this.#progress = undefined;
    this.#tell("concluded", outcome);
    this.#tell("changed");
  }

  get #child(): { generation: number; pid?: number } {
    const { service, childPid } = this.#subject;
    return { generation: service.number + 1, ...(childPid !== undefined && { pid: childPid }) };
  }

  #effect({ effect, when }: EffectStep): void {
    if (effect !== "spawnChild" || when !== "before") return;
    this.#output.mark();
    this.#start = now();
    this.#progress = { startedAt: Date.now(), steps: [] };
    this.#tell("began");
    this.#step("started");
  }

  #event({ role, from, to }: EventStep): void {
    if (role === "parent" && from !== to) {
      const name = stepNames[to as ParentState];
      if (name !== undefined) this.#step(name);
      if (from === "committing" && (to === "draining" || to === "departing")) {
        this.#step("committed");
        this.#tell("committed");
      }
      if (to === "left") this.#tell("left");
    }
    // The machines publish an event before they are in the state that it leads to.
    if (from !== to) queueMicrotask(() => this.#tell("changed"));
  }

  #childProgress({ generation: _, ...progress }: ProgressStep): void {
    if (this.#progress !== undefined) this.#progress.progress = progress;
    this.#tell("progressed", { type: "progress", ...progress, child: this.#child });
    this.#tell("changed");
  }

  #step(name: string): void {
    const step = { step: name, atMs: round(now() - this.#start) };
    this.#progress?.steps.push(step);
    delete this.#progress?.progress;
    this.#tell("stepped", this.#answer(step));
  }

  #answer(step: { step: string; atMs: number }): StepAnswer {
    const parent = { generation: this.#subject.service.number, pid: process.pid };
    return { type: "step", ...step, parent, child: this.#child };
  }

  #tell(what: "began" | "committed" | "left" | "changed"): void;
  #tell(what: "stepped", step: StepAnswer): void;
  #tell(what: "progressed", progress: ProgressAnswer): void;
  #tell(what: "concluded", outcome: HandoffOutcome): void;
  #tell(what: keyof FeedListener, about?: StepAnswer | ProgressAnswer | HandoffOutcome): void {
    for (const listener of [...this.#listeners])
      (listener[what] as ((about?: unknown) => void) | undefined)?.(about);
  }
}
