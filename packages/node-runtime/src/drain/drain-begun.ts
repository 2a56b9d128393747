/** What an application is told when its generation begins to finish what it accepted. */
export interface DrainBegun {
  /** Whether another generation serves from now on; otherwise the service ends. */
  readonly hasSuccessor: boolean;
  /** What is still open after this many milliseconds is cut. */
  readonly deadlineMs: number;
}
