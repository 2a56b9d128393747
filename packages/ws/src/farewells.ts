import type { WebSocket } from "ws";

/** "Service Restart": the client is to come back, and finds the next generation. */
const serviceRestart = 1012;
/** "Going Away": nobody serves any more. */
const goingAway = 1001;

/** Which part of the drain deadline farewells are spread over: what has no other way, and what may still move. */
const certain = { from: 0, to: 0.8 };
const waiting = { from: 0.5, to: 0.9 };
/** After one that was on its way when its time had come. */
const againMs = 250;

/**
 * Closes WebSockets of a generation that leaves, each at a moment of its own, so that their clients do not all come back at
 * once.
 */
export class Farewells {
  readonly #timers = new Map<WebSocket, NodeJS.Timeout>();
  readonly #mayMove: (ws: WebSocket) => boolean;
  readonly #isMoving: (ws: WebSocket) => boolean;
  #draining: { readonly begunAt: number; readonly deadlineMs: number } | undefined;
  #stopping = false;

  /** `isMoving`: whether it is on its way just now. */
  constructor(mayMove: (ws: WebSocket) => boolean, isMoving: (ws: WebSocket) => boolean) {
    this.#mayMove = mayMove;
    this.#isMoving = isMoving;
  }

  /** Whether the generation leaves. */
  get begun(): boolean {
    return this.#draining !== undefined;
  }

  begin(all: Iterable<WebSocket>, hasSuccessor: boolean, deadlineMs: number): void {
    this.cancel();
    this.#stopping = !hasSuccessor;
    this.#draining = { begunAt: performance.now(), deadlineMs };
    for (const ws of all) this.plan(ws);
  }

  /** The generation serves on. */
  cancel(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#draining = undefined;
    this.#stopping = false;
  }

  /** Closes this one in time, where the generation leaves. */
  plan(ws: WebSocket): void {
    if (this.#draining === undefined) return;
    if (this.#stopping) {
      ws.close(goingAway);
      return;
    }
    const { begunAt, deadlineMs } = this.#draining;
    const { from, to } = this.#mayMove(ws) ? waiting : certain;
    const at = begunAt + deadlineMs * (from + Math.random() * (to - from));
    this.#closeIn(ws, Math.max(0, at - performance.now()));
  }

  forget(ws: WebSocket): void {
    clearTimeout(this.#timers.get(ws));
    this.#timers.delete(ws);
  }

  #closeIn(ws: WebSocket, ms: number): void {
    const timer = setTimeout(() => {
      if (this.#isMoving(ws)) this.#closeIn(ws, againMs);
      else ws.close(serviceRestart);
    }, ms);
    this.#timers.set(ws, timer);
  }
}
