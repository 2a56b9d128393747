import type { ServerHttp2Session } from "node:http2";
import type { Server } from "node:net";
import { afterWaitingClients } from "../event-loop.js";

/** For how long a session that asks for nothing is left alone: as long as Node leaves idle HTTP/1.1 connections, by default. */
const quietMs = 5_000;

/**
 * Closes the HTTP/2 sessions of a server that leaves. A stream that comes after GOAWAY is refused, and not every client repeats
 * it. So GOAWAY goes with the next answer, which a client that asks for one thing after the other waits for; a session that asks for nothing gets it
 * at a moment of its own. Streams in progress finish. @see docs/decisions/0017-closing-what-cannot-move.md
 */
export class SessionCloser {
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Those that are to be closed, and how that is undone. */
  readonly #leaving = new Map<ServerHttp2Session, () => void>();
  /** What a session that begins now is left; undefined: it stays. */
  #idleMs: number | undefined;

  constructor(server: Server) {
    server.on("session", (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.once("close", () => {
        this.#sessions.delete(session);
        this.#forget(session);
      });
      if (this.#idleMs !== undefined) this.#leave(session, this.#idleMs);
    });
  }

  /** `idleMs`: when the last one that asks for nothing is closed, if that is sooner. May be called again. */
  begin(idleMs: number): void {
    this.#idleMs = Math.min(idleMs, quietMs);
    for (const session of this.#sessions) this.#leave(session, this.#idleMs);
  }

  /** The service ends: only one that is about to begin has yet to be heard. */
  closeAll(): void {
    this.#idleMs ??= quietMs;
    for (const session of this.#sessions) {
      this.#forget(session);
      this.#leave(session, 0);
    }
  }

  /** They stay after all. */
  end(): void {
    this.#idleMs = undefined;
    for (const session of this.#leaving.keys()) this.#forget(session);
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #leave(session: ServerHttp2Session, idleMs: number): void {
    if (this.#leaving.has(session)) return;
    const close = () => {
      if (this.#leaving.get(session) === forget) session.close();
    };
    // Right behind an answer that is ready at once, and after the streams that have come with this one, but before anything else is read.
    const answering = () => setImmediate(close);
    session.once("stream", answering);
    // A first stream may have come by now.
    const timer = setTimeout(() => afterWaitingClients(close), idleMs * (0.5 + Math.random() / 2));
    const forget = () => {
      clearTimeout(timer);
      session.removeListener("stream", answering);
    };
    this.#leaving.set(session, forget);
  }

  #forget(session: ServerHttp2Session): void {
    this.#leaving.get(session)?.();
    this.#leaving.delete(session);
  }
}
