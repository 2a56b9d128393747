/**
 * What is known to fail, and why. An entry that has nothing to excuse any more (it passes, or no such scenario was
 * performed in a whole run) fails the run as loudly as a new failure: it has to go.
 */
export interface ExpectedFailure {
  /** The names of implementations; `*`: any. */
  readonly parent: string;
  readonly child: string;
  readonly scenario: string;
  readonly because: string;
}

export const expectedFailures: readonly ExpectedFailure[] = [];
