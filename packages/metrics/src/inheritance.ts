import { asJson, type Generation } from "@heirloom/node-runtime";
import { leaveLegacy, legacyPath, takeLegacy } from "./legacy.js";
import { type Counts, Totals } from "./totals.js";

/** How many generations before this one may drain still, and be counted when they have left. */
const legaciesMax = 16;

interface Carried {
  readonly counts: Counts;
  /** Where generations that drain will leave what they count from here on, the latest last. */
  readonly legacies: readonly string[];
}

/**
 * The totals of a service, which go on from generation to generation. What was counted before the handoff is carried as
 * state; what a parent counts while it drains, the handoff itself to begin with, it leaves in a file at its end.
 */
export class Inheritance {
  readonly #generation: Generation;
  readonly #totals = new Totals();
  #legacies: readonly string[] = [];
  #given: { readonly counts: Counts; readonly path: string } | undefined;

  constructor(generation: Generation) {
    this.#generation = generation;
    generation.carry(
      "heirloom-metrics",
      asJson<Carried>({
        export: () => {
          const { counts } = this;
          this.#given = { counts, path: legacyPath() };
          return { counts, legacies: [...this.#legacies, this.#given.path].slice(-legaciesMax) };
        },
        import: ({ counts, legacies }) => {
          this.#totals.add(counts);
          this.#legacies = legacies;
        },
      }),
    );
    generation.on("handoff", (report) => {
      this.#totals.record(report);
      const given = this.#given;
      // A child that took no state is told of nothing that comes later.
      if (report.outcome === "committed" && given !== undefined) {
        warnOnFailure(() => leaveLegacy(given.path, this.#totals.since(given.counts)));
      }
      this.#given = undefined;
    });
  }

  get counts(): Counts {
    // What is taken once the child was given its counts would be missing there until this generation has left.
    if (this.#generation.isOwner && this.#given === undefined)
      this.#legacies = this.#legacies.filter((path) => !this.#take(path));
    return this.#totals.counts;
  }

  /** Returns whether there is nothing more to wait for. */
  #take(path: string): boolean {
    return warnOnFailure(() => {
      const counts = takeLegacy(path);
      if (counts !== undefined) this.#totals.add(counts);
      return counts !== undefined;
    });
  }
}

/** Counts are no reason for a handoff, or the end of a generation, to fail. Returns true after a failure. */
function warnOnFailure<T>(action: () => T): T | true {
  try {
    return action();
  } catch (error) {
    process.emitWarning(
      `what a generation counted while it drained is lost: ${(error as Error).message}. Give all generations one user and one TMPDIR`,
      "HeirloomMetricsWarning",
    );
    return true;
  }
}
