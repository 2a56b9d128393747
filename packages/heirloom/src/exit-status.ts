/** What the command tells its caller by its exit status. Documented in the README: scripts rely on it. */
export const exitStatus = {
  /** Done. Of a restart: the release serves, and the earlier one has finished and left. */
  done: 0,
  /** The restart failed or was rolled back, and the earlier release serves; or `doctor` has found what will go wrong. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No such service runs. */
  notRunning: 3,
  /** The service, or the system, does not let this be done, or does not have what it needs. */
  refused: 4,
  /** A restart is under way, and --no-queue was given. */
  busy: 5,
  /** The service does not answer, or died before it told what came of it. */
  unknown: 6,
  /** Ctrl-C: what was begun goes on; a restart that waits for another one is withdrawn, unless that one fails. */
  interrupted: 130,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Why the command does not do what it was asked for: a sentence that says what to do, and the exit status. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly status: ExitStatus;

  constructor(status: keyof typeof exitStatus, message: string) {
    super(message);
    this.status = exitStatus[status];
  }
}
