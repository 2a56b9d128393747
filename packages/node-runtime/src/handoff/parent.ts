import {
  HandoffError,
  type Message,
  type ParentEffect,
  type ParentEvent,
  type ParentFact,
  type ParentState,
  parentRole,
} from "@heirloom/protocol";
import { Driver, type Effects } from "../driver.js";
import { environmentOf } from "../process/spawn.js";
import type { HandoffReport } from "../report.js";
import { Attempt } from "./attempt.js";
import { reasonFields } from "./message-event.js";
import { Retreat } from "./retreat.js";
import type { Service } from "./service.js";
import { offeredFeatures, spawnRequest } from "./spawn-request.js";
import { Waiters } from "./waiters.js";

/** What is void in a draining parent once its child has exited. @see spec/v1/invariants.md, INV-D2 and INV-D8 */
const waitForExit = new Set<ParentEvent>([
  "drained",
  "deadlineExpired",
  "relinquishReceived",
  "connectionsAdoptedReceived",
]);

/** Where the application is asked for its state. */
const exporting = new Set<ParentState>(["preparing", "parking", "transferring"]);

/** Where the end of the last connection counts. */
const finishing = new Set<ParentState>(["draining", "departing", "stopping"]);

/** What the report calls the entry into a state. */
const stepNames: Partial<Record<ParentState, string>> = {
  offering: "spawned",
  preparing: "accepted",
  parking: "ready",
  transferring: "parked",
  committing: "commit",
  draining: "committed",
  departing: "departing",
};

/** This generation as a parent: executes the effects of its machine, and tells the machine what happens. */
export class Parent {
  readonly waiters = new Waiters();
  readonly #service: Service;
  readonly #driver: Driver<ParentState, ParentEvent, ParentEffect, ParentFact>;
  readonly #retreat: Retreat;
  /** The handoff that is under way, or after which this generation drains. */
  #attempt: Attempt | undefined;
  #committed: HandoffReport | undefined;
  readonly #supersede: (newest: number) => void;

  /** `supersede` tells this generation's own parent, if that still drains, the number of the newest owner. */
  constructor(service: Service, supersede: (newest: number) => void) {
    this.#service = service;
    this.#supersede = supersede;
    const { number: generation, settings } = service;
    this.#retreat = new Retreat(service, {
      parked: (error) => this.#driver.dispatch(error === undefined ? "parked" : "parkFailed", error),
      drained: () => {
        if (finishing.has(this.state)) this.#driver.dispatch("drained");
      },
    });
    this.#driver = new Driver<ParentState, ParentEvent, ParentEffect, ParentFact>({
      role: parentRole,
      initial: "serving",
      generation,
      deadlinesMs: settings.deadlinesMs,
      expired: "deadlineExpired",
      look: (event, state) => this.#look(event, state),
      entered: (state) => this.#reached(state),
      effects: this.#effects(),
    });
  }

  get state(): ParentState {
    return this.#driver.state;
  }

  /** The process of the child of the handoff that is under way, or that this generation drains after. */
  get childPid(): number | undefined {
    return this.#attempt?.pid;
  }

  /** Returns why nothing is done about it, or undefined. */
  request(): string | undefined {
    return this.#driver.dispatch("handoffRequested");
  }

  /** Goes ahead through what the next spawn takes: code that runs for the first time is slow, and a restart waits for it. */
  async prepare(): Promise<void> {
    const { spawner, compiled } = this.#service;
    await spawner.prepare?.();
    await compiled.keep();
    try {
      environmentOf(spawnRequest(this.#service, offeredFeatures(this.#service)));
    } catch (error) {
      // What is wrong now may be right by then, and if not, the handoff tells.
      if (!(error instanceof HandoffError)) throw error;
    }
  }

  terminate(): void {
    this.#driver.dispatch("terminationRequested", stopping());
  }

  #effects(): Effects<ParentEffect> {
    const { listeners, drainer } = this.#service;
    return {
      spawnChild: () => this.#spawn(),
      sendAbort: () => this.#send({ type: "abort", ...reasonFields(this.#driver.reason ?? stopping()) }),
      sendWarmState: () => this.#attempt?.exporter?.sendWarm(),
      sendFinalState: () => this.#attempt?.exporter?.sendFinal(),
      sendCommit: () => this.#send({ type: "commit" }),
      sendRelinquished: () => this.#send({ type: "relinquished" }),
      sendRequest: () => this.#send({ type: "request" }),
      sendSuperseded: () => this.#supersede(this.#attempt?.newest ?? this.#service.number + 1),
      sendStop: () => this.#send({ type: "stop" }),
      sendFarewell: () => {
        const { finished, moved, closed, cut } = drainer.counts();
        this.#send({ type: "farewell", finished, moved, closed, cut });
      },
      parkListeners: () => this.#retreat.park(),
      unparkListeners: () => this.#retreat.unpark(),
      closeListeners: () => listeners.close(),
      releaseListeners: () => listeners.release(),
      drainConnections: () => this.#drain(),
      resumeConnections: () => {
        this.#attempt?.moves?.end();
        this.#retreat.resume();
        this.#attempt?.takeBack();
      },
      cutConnections: () => drainer.cut(),
      moveConnections: () => void this.#attempt?.moves?.begin(),
      sendConnections: () => this.#attempt?.moves?.send(),
      releaseConnections: () => this.#attempt?.moves?.release(),
      keepConnections: () => this.#attempt?.moves?.keep(),
      killChild: () => this.#attempt?.kill(),
      reportProgress: () => this.#attempt?.reportProgress(),
      reportAborted: () => this.#reportFailure("aborted"),
      reportRolledBack: () => this.#reportFailure("rolledBack"),
      reportCommitted: () => this.#reportCommitted(),
      leave: () => void this.#leave(),
    };
  }

  /** A parent must not leave, or leave a connection to, a child that is dead already: the exit is about to be told. */
  #look(event: ParentEvent, state: ParentState): ParentEvent | undefined {
    const waits = state === "draining" || event === "connectionsAdoptedReceived";
    const overtaken = waits && waitForExit.has(event) && this.#attempt?.exited;
    return overtaken ? undefined : event;
  }

  #reached(state: ParentState): void {
    const step = stepNames[state];
    if (step !== undefined) this.#attempt?.record.reached(step);
    if (!exporting.has(state)) this.#attempt?.exporter?.end();
    // What was finished while the child's exit was awaited is finished still when the service ends instead.
    if (state === "departing" && this.#retreat.finished) this.#driver.dispatch("drained");
  }

  #spawn(): void {
    this.waiters.begin();
    this.#driver.forgetReason();
    this.#committed = undefined;
    this.#attempt = new Attempt(this.#service, this.#driver);
    this.#attempt.spawn();
  }

  #drain(): void {
    const moves = this.#attempt?.moves;
    if (this.state === "draining" && moves !== undefined) {
      // A child that is owner for a moment only may be dead already: the system tells so milliseconds later.
      this.#retreat.drain((listener) => moves.drainMode(listener), this.#service.settings.probationMs);
      moves.expect();
    } else {
      moves?.finish();
      this.#retreat.drain(() => "stop", 0);
    }
    const hasSuccessor = this.state === "draining";
    this.#service.draining({ hasSuccessor, deadlineMs: this.#service.settings.deadlinesMs.drain });
  }

  #reportCommitted(): void {
    if (this.#attempt === undefined) return;
    const { record, exporter } = this.#attempt;
    record.state = exporter?.report();
    this.#committed = record.report("committed");
    this.waiters.commit(this.#committed);
  }

  #reportFailure(outcome: "aborted" | "rolledBack"): void {
    const error = this.#driver.reason ?? stopping();
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#committed = undefined;
    attempt?.close();
    this.waiters.fail(error);
    if (this.state === "stopping") this.waiters.deny(error);
    this.#driver.forgetReason();
    // Last: it leads to code of the application.
    if (attempt !== undefined) this.#service.concluded(attempt.record.report(outcome, error));
  }

  async #leave(): Promise<void> {
    const { drainer, hooks, listeners, settings } = this.#service;
    drainer.leave();
    if (this.#committed) this.#service.concluded({ ...this.#committed, drain: drainer.counts() });
    listeners.finish();
    const bound = setTimeout(() => {
      settings.log(
        `generation ${this.#service.number} exits without its onExit hooks: they took longer than exitDeadlineMs`,
      );
      process.exit(1);
    }, settings.deadlinesMs.exit);
    await hooks.runExit()?.catch((error: HandoffError) => settings.log(error.message));
    await this.#attempt?.flushed();
    clearTimeout(bound);
    process.exit(0);
  }

  #send(message: Message): void {
    this.#attempt?.send(message);
  }
}

function stopping(): HandoffError {
  return new HandoffError("STOPPING", { message: "the service was told to end: start it again instead" });
}
