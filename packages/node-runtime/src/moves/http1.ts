import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { closeSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { now } from "../clock.js";
import type { ConnectionTracker } from "../drain/connection-tracker.js";
import { currentResponse, isParsed, isStopped, startReading, stopReading } from "../node-internals.js";
import { isEncrypted } from "./encrypted.js";
import { activityOf, responseFinished, watchActivity } from "./http-activity.js";
import { IdleConnections, isUnused } from "./http-idle.js";
import type { ArrivedConnection, Movable, PausedConnection } from "./movable.js";
import { UnansweredRequests } from "./unanswered.js";

/** A server, with its connections. */
interface Served {
  readonly listener: string;
  readonly tracker: ConnectionTracker;
  readonly idle: IdleConnections;
}

/**
 * Plain HTTP/1.1. A connection moves when it has not been used yet, or waits for its next request and not one byte of that
 * has come. Reading stops in the same turn in which that is found out, so that there is nothing late.
 */
export class Http1 implements Movable {
  readonly protocol = "http/1.1";
  readonly #served: Served[] = [];
  readonly #unanswered = new UnansweredRequests();
  /** The listeners that the parent still has. */
  #returnable: ReadonlySet<string> | undefined;
  #settled: (() => void) | undefined;

  /** Connections of this listener move from here on. */
  add(listener: string, tracker: ConnectionTracker): void {
    watchActivity();
    this.#served.push({ listener, tracker, idle: new IdleConnections(tracker.server as Server) });
    tracker.server.prependListener("request", limitRequests);
  }

  begin(settled: () => void): void {
    this.#settled = settled;
    subscribe(responseFinished, settled);
  }

  end(): void {
    if (this.#settled !== undefined) unsubscribe(responseFinished, this.#settled);
    this.#settled = undefined;
  }

  pause(max: number, listeners: ReadonlySet<string>): PausedConnection[] {
    const paused: PausedConnection[] = [];
    for (const served of this.#served) {
      if (!listeners.has(served.listener)) continue;
      if (pauseInto(paused, max, served)) continue;
      served.idle.look(served.tracker.connections);
      pauseInto(paused, max, served);
    }
    return paused;
  }

  mayReturn(listeners: ReadonlySet<string> | undefined): void {
    for (const { tracker } of this.#served) {
      if (listeners === undefined) this.#unanswered.unwatch(tracker.server as Server);
      else if (this.#returnable === undefined) this.#unanswered.watch(tracker.server as Server);
    }
    this.#returnable = listeners;
  }

  /** Also those whose request nobody has begun to answer: as late bytes it is the parent's to answer. */
  abandon(): PausedConnection[] {
    const listeners = this.#returnable ?? new Set<string>();
    const abandoned = this.pause(Number.POSITIVE_INFINITY, listeners);
    for (const { listener, tracker } of this.#served) {
      if (!listeners.has(listener)) continue;
      for (const [socket, head] of this.#unanswered.heads(tracker.server as Server, tracker.connections)) {
        const moved = { still: false, ...historyOf(socket) };
        abandoned.push({ socket, listener, moved, late: () => [head], resume: () => {} });
      }
    }
    return abandoned;
  }

  adopt({ descriptor, moved, late }: ArrivedConnection): void {
    const found = this.#served.findLast(({ listener }) => listener === moved.listener);
    if (found === undefined) closeSync(descriptor);
    else found.tracker.silent.add(descriptor, moved, late);
  }
}

/** Returns whether it has all that it can get: there may be others that are idle, of which nobody knows yet. */
function pauseInto(paused: PausedConnection[], max: number, { listener, tracker, idle }: Served): boolean {
  let knowsAll = true;
  for (const socket of tracker.connections) {
    if (paused.length >= max) return true;
    // On its way already.
    if (isStopped(socket)) continue;
    const isSilent = tracker.silent.has(socket);
    if (!isSilent && !isAtRest(socket)) continue;
    if (!isSilent && !isUnused(socket) && !idle.has(socket)) {
      knowsAll = false;
      continue;
    }
    const resume = () => startReading(socket);
    const history = isSilent ? tracker.silent.describe(socket) : historyOf(socket);
    if (stopReading(socket)) paused.push({ socket, listener, moved: { still: true, ...history }, resume });
    else resume();
  }
  return knowsAll;
}

/** Whether it is one of HTTP/1.1 on which nothing is under way from here to the client. */
function isAtRest(socket: Socket): boolean {
  if (socket.destroyed || !socket.readable || !socket.writable || socket.writableLength > 0) return false;
  // An application may give its plain server what it has decrypted itself.
  if (isEncrypted(socket)) return false;
  // A response that waits behind another one in a pipeline takes its place in the turn in which that one is finished.
  return isParsed(socket) && currentResponse(socket) === undefined;
}

function historyOf(socket: Socket): { served?: number; idleMs?: number } {
  const activity = activityOf(socket);
  if (activity === undefined) return { served: 0 };
  return { served: activity.served, idleMs: Math.round(now() - activity.lastAt) };
}

/** The server counts the requests of a connection anew in each generation; its limit is meant for all of them. */
function limitRequests(this: Server, { socket }: IncomingMessage, response: ServerResponse): void {
  const max = this.maxRequestsPerSocket ?? 0;
  if (max > 0 && (activityOf(socket)?.served ?? 0) + 1 >= max) response.setHeader("Connection", "close");
}
