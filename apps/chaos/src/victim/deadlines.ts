/** The victim's deadlines: short, so that a run is, and far above what a busy machine needs. Milliseconds. */
export const DEADLINES = {
  readyDeadlineMs: 4_000,
  parkDeadlineMs: 1_000,
  commitDeadlineMs: 2_000,
  drainDeadlineMs: 8_000,
  exitDeadlineMs: 700,
  relinquishDeadlineMs: 1_500,
  probationMs: 1_000,
} as const;

/** How long a process is stopped, or busy. */
export const STOP_SHORT_MS = 150;
/** How long a child that is ready waits for its parent's next step: the offer says so. */
export const CHILD_COMMIT_MS = DEADLINES.parkDeadlineMs + DEADLINES.commitDeadlineMs;
/** Beyond that, with time for what follows from it on a busy machine, too. */
export const STOP_LONG_MS = CHILD_COMMIT_MS + 1_000;
export const SLOW_BOOT_MS = 600;
/** Beyond the park deadline. */
export const SLOW_RETIREMENT_MS = 1_500;

/** What a settled service needs at most: a child that never answers, that does not leave, and another handoff. */
export const SETTLE_MS =
  DEADLINES.readyDeadlineMs + DEADLINES.drainDeadlineMs + DEADLINES.exitDeadlineMs + STOP_LONG_MS + 8_000;

/** From a fault that does not keep the parent from serving until a new client is answered: what a busy machine takes. */
export const AT_ONCE_MS = 2_000;

/** From a fault until somebody accepts again: a child that hangs around the commit is the longest way. */
export const RECOVERY_MS =
  DEADLINES.parkDeadlineMs + DEADLINES.commitDeadlineMs + DEADLINES.exitDeadlineMs + 2_000;
