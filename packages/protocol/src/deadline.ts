/** A wait that the protocol bounds. Time enters the machines only as the event that one of these has expired. */
export type Deadline =
  /** When to give up on a child that does not say ready; runs from the spawn. */
  | "ready"
  /** When to give up on the parent's own exclusive work stopping, after its listeners were parked. */
  | "park"
  /** When to give up on the peer's next step around the commit; each side runs its own. */
  | "commit"
  /** When to cut what is still open in a generation that leaves. */
  | "drain"
  /** When to stop waiting for a child that was told to leave, and end it with SIGKILL. */
  | "exit"
  /** When to give up on a draining parent's answer to `relinquish`. */
  | "relinquish";

/** Milliseconds for each deadline, 1 to 2,147,483,647. */
export type Deadlines = Readonly<Record<Deadline, number>>;

/** What applies where a service says nothing else. */
export const defaultDeadlinesMs: Deadlines = {
  ready: 30_000,
  park: 5_000,
  commit: 5_000,
  drain: 30_000,
  exit: 5_000,
  relinquish: 5_000,
};
