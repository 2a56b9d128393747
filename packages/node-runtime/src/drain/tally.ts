import { now } from "../clock.js";

/** What a connection is, as far as it decides what can become of it. */
export type ConnectionClass =
  /** Plain HTTP/1.1, TCP or Unix. */
  | "http"
  /** Was plain HTTP/1.1, and speaks something else now, such as WebSocket. */
  | "upgraded"
  /** HTTP/1.1 over TLS, or anything else over TLS. */
  | "tls"
  | "http2"
  /** Of a `net` server. */
  | "raw";

/** How this generation was rid of a connection. */
export type ConnectionEnd =
  /** It went on in the child. */
  | "moved"
  /** It ended by itself, or after its last response. */
  | "finished"
  /** It was closed while nothing was going on. */
  | "closed"
  /** It was in the middle of something at the drain deadline, or of too much to take along. */
  | "cut";

export interface ClassCounts extends Readonly<Record<ConnectionEnd, number>> {
  /** How long the last of them stayed after the draining began. */
  readonly longestMs: number;
}

/** What became of the connections that were open when a generation began to drain. */
export interface DrainCounts extends Readonly<Record<ConnectionEnd, number>> {
  readonly durationMs: number;
  /** The longest time for which a connection that moved was read by nobody. */
  readonly longestPauseMs: number;
  /** Only classes of which there were any. */
  readonly classes: Readonly<Partial<Record<ConnectionClass, ClassCounts>>>;
}

const nothing = () => ({ moved: 0, finished: 0, closed: 0, cut: 0 });

/** Counts the ends of connections, from its making on. */
export class DrainTally {
  readonly #begunAt = now();
  readonly #classes = new Map<ConnectionClass, { -readonly [Key in keyof ClassCounts]: number }>();
  #endedAt: number | undefined;
  #longestPauseMs = 0;

  count(of: ConnectionClass, end: ConnectionEnd): void {
    let counts = this.#classes.get(of);
    if (counts === undefined) {
      counts = { ...nothing(), longestMs: 0 };
      this.#classes.set(of, counts);
    }
    counts[end] += 1;
    counts.longestMs = this.elapsedMs;
  }

  /** Since the draining began. */
  get elapsedMs(): number {
    return now() - this.#begunAt;
  }

  paused(ms: number): void {
    this.#longestPauseMs = Math.max(this.#longestPauseMs, ms);
  }

  finish(): void {
    this.#endedAt ??= now();
  }

  counts(): DrainCounts {
    const total = nothing();
    for (const counts of this.#classes.values()) {
      for (const end of Object.keys(total) as ConnectionEnd[]) total[end] += counts[end];
    }
    return {
      ...total,
      durationMs: (this.#endedAt ?? now()) - this.#begunAt,
      longestPauseMs: this.#longestPauseMs,
      classes: Object.fromEntries([...this.#classes].map(([of, counts]) => [of, { ...counts }])),
    };
  }
}
