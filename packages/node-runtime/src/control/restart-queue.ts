import type { HandoffError } from "@heirloom/protocol";
import { now } from "../clock.js";
import type { Caller } from "./caller.js";
import type { HandoffFeed } from "./handoff-feed.js";
import type { ErrorAnswer, RestartRequest } from "./message.js";
import { childOf, notOwner, stopping } from "./refusal.js";
import type { ControlSubject } from "./subject.js";
import { tellDraining } from "./tell-draining.js";

/**
 * Those who want a restart. Each is served by one that begins after it asked, and however many wait, one serves them all:
 * it begins when none is under way, and when the release that took over last is past its probation.
 */
export class RestartQueue {
  readonly #subject: ControlSubject;
  readonly #feed: HandoffFeed;
  readonly #waiting = new Set<Caller>();
  #probation: NodeJS.Timeout | undefined;

  constructor(subject: ControlSubject, feed: HandoffFeed) {
    this.#subject = subject;
    this.#feed = feed;
    feed.listen({
      // In front of the callers' own listeners: those who come during this handoff wait for the next one.
      began: () => this.#begin(),
      committed: () => this.#passOn(),
      concluded: () => this.#startIfWanted(),
      // The parent has left: no probation any more.
      changed: () => this.#startIfWanted(),
    });
  }

  ask(
    { atLeast = Number.POSITIVE_INFINITY, askedAt = now(), queue = true }: RestartRequest,
    caller: Caller,
  ): void {
    const { service, states, isOwner } = this.#subject;
    const generation = service.number;
    if (isOwner && (generation >= atLeast || askedAt < now() - performance.now())) {
      this.#content(caller);
      return;
    }
    const refusal = notOwner(this.#subject) ?? stopping(this.#subject);
    const underWay = states.parent !== "serving";
    if (refusal !== undefined) caller.end(refusal);
    else if (underWay && (generation + 1 >= atLeast || askedAt < this.#feed.begunAt)) {
      for (const step of this.#feed.steps) caller.say(step);
      this.#follow(caller);
    } else if (underWay && !queue) caller.end(busy(generation));
    else this.#wait(caller, underWay);
  }

  /** This generation is what the caller wants: once it is past its probation. */
  #content(caller: Caller): void {
    const generation = this.#subject.service.number;
    const told = () =>
      caller.end({ type: "outcome", outcome: "alreadyCommitted", generation, pid: process.pid });
    const waitMs = this.#subject.probationLeftMs;
    if (waitMs <= 0) {
      told();
      return;
    }
    caller.say({ type: "queued", behind: "probation" });
    const timer = setTimeout(told, waitMs).unref();
    caller.gone(() => clearTimeout(timer));
  }

  #wait(caller: Caller, underWay: boolean): void {
    this.#waiting.add(caller);
    caller.gone(() => void this.#waiting.delete(caller));
    if (underWay) caller.say({ type: "queued", behind: "restart" });
    else if (this.#subject.probationLeftMs > 0) caller.say({ type: "queued", behind: "probation" });
    this.#startIfWanted();
  }

  #startIfWanted(): void {
    const refusal = stopping(this.#subject);
    if (refusal !== undefined) for (const caller of this.#waiting) caller.end(refusal);
    if (this.#waiting.size === 0 || this.#subject.states.parent !== "serving") return;
    clearTimeout(this.#probation);
    const waitMs = this.#subject.probationLeftMs;
    if (waitMs > 0) {
      this.#probation = setTimeout(() => this.#startIfWanted(), waitMs).unref();
      return;
    }
    const callers = [...this.#waiting];
    this.#subject.handoff().catch((error: HandoffError) => this.#deny(callers, error));
  }

  #begin(): void {
    for (const caller of this.#waiting) this.#follow(caller);
    this.#waiting.clear();
  }

  /** The child is owner: who came meanwhile is served by it. */
  #passOn(): void {
    const owner = childOf(this.#subject);
    for (const caller of this.#waiting)
      caller.end({ type: "passedOn", owner, atLeast: owner.generation + 1 });
  }

  /** A handoff that began and failed is told of by the feed, with all its details: what is left are those that never began. */
  #deny(callers: readonly Caller[], { code, message }: HandoffError): void {
    const refusal: ErrorAnswer = notOwner(this.#subject) ?? {
      type: "error",
      code: code === "STOPPING" ? "STOPPING" : "REFUSED",
      message,
    };
    for (const caller of callers) if (this.#waiting.has(caller)) caller.end(refusal);
  }

  /** Tells a caller of the handoff that serves it, from here to its end. */
  #follow(caller: Caller): void {
    const unlisten = this.#feed.listen({
      stepped: (step) => caller.say(step),
      progressed: (progress) => caller.say(progress),
      committed: () => tellDraining(this.#subject, caller, this.#subject.service.settings.probationMs),
      concluded: (outcome) => caller.end({ type: "outcome", ...outcome }),
    });
    caller.gone(unlisten);
  }
}

function busy(generation: number) {
  return {
    type: "error",
    code: "BUSY",
    message: `a restart is under way: generation ${generation} hands over to generation ${generation + 1}; ask again when it is over, or let the request wait`,
  } as const;
}
