import type { Play, Side } from "./play.js";

/** What is left when a scenario is over: the generation that serves, or nothing, where the service was told to end. */
export type Survivor = 1 | 2 | 3 | "nobody";

/** One thing that may happen to a parent and a child; in full in spec/conformance/scenarios.md. */
export interface Scenario {
  readonly name: string;
  readonly survivor: Survivor;
  readonly parent?: Side;
  readonly child?: Side;
  readonly third?: Side;
  /** Ports to reserve beside that of `web`. */
  readonly ports?: readonly string[];
  readonly occupied?: readonly string[];
  readonly withoutLoad?: boolean;
  /** The child never reads a commit: it must not have answered anybody (L-9). */
  readonly uncommitted?: boolean;
  /** What is checked when everything is over. */
  after?(play: Play): void;
  /** From a first generation that serves, under load, to the end of what happens. */
  play(play: Play): Promise<void>;
}

export const handOver = async ({ program }: Play): Promise<void> => program.signal("SIGHUP");

/** Fails with what is wrong. */
export function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}
