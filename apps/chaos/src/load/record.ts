export const KINDS_OF_LOAD = [
  "new",
  "keptBusy",
  "keptThinking",
  "idle",
  "slow",
  "upload",
  "reader",
  "unix",
  "unixKept",
  "tls",
] as const;
export type LoadKind = (typeof KINDS_OF_LOAD)[number];

export const FAILURES = [
  "refused",
  "reset",
  "truncated",
  "wrongBody",
  "wrongStatus",
  "deadlineExpired",
  "keptAliveClosed",
  "other",
] as const;

/**
 * - `refused`: nobody listened.
 * - `reset`: a new connection ended before the first byte of an answer.
 * - `truncated`: a connection ended in the middle of an answer.
 * - `wrongBody`: the answer is not the answer to this request.
 * - `wrongStatus`: the status is not 200.
 * - `deadlineExpired`: no whole answer in time.
 * - `keptAliveClosed`: a connection that had answered before ended under a request.
 * - `other`: the client itself failed.
 */
export type Failure = (typeof FAILURES)[number];

/** One request, from the wish for it, which may have to connect first, to its end. Times are those of the run's clock. */
export interface RequestRecord {
  readonly id: string;
  readonly kind: LoadKind;
  readonly start: number;
  /** When its first byte was given to the kernel. Absent: never, for the client had no connection. */
  readonly sent?: number;
  readonly end: number;
  /** Absent: answered, whole and right. */
  readonly failure?: Failure;
  readonly detail?: string;
  /** The client's port: how the kernel's tables name this connection. Unix-domain sockets have none. */
  readonly port?: number;
  /** Who answered. */
  readonly pid?: number;
  readonly generation?: number;
  /** Whether it took itself for the owner. */
  readonly owner?: boolean;
  readonly release?: string;
  /** The generation whose state it had. */
  readonly stateFrom?: number;
  /** Some of that state was given out before its generation's exclusive work had stopped. */
  readonly stateEarly?: boolean;
  readonly offerVisible?: boolean;
  /** Another generation had answered on this connection before. */
  readonly moved?: boolean;
  /** The answer said, unasked, that the server closes the connection. */
  readonly closes?: boolean;
}

/** A kept connection that the server closed while its client thought. */
export interface Closure {
  readonly kind: LoadKind;
  /** By the clock of the run. */
  readonly at: number;
  readonly port?: number;
}

/** What was asked, and what was closed, since the last flush. */
export interface Seen {
  readonly records: readonly RequestRecord[];
  readonly closures: readonly Closure[];
}

export interface Targets {
  readonly port: number;
  readonly tlsPort: number;
  readonly path: string;
}

/** From the conductor to a client process. */
export type ToClients =
  | { readonly type: "start"; readonly targets: Targets }
  /** Idle clients ask; answered with `flushed` once everything that is being asked then has ended. */
  | { readonly type: "flush"; readonly mark: number }
  /** Ends what is being asked, and asks nothing more until `start`. */
  | { readonly type: "pause"; readonly mark: number };

export type FromClients =
  | ({ readonly type: "seen" } & Seen)
  | { readonly type: "flushed"; readonly mark: number };
