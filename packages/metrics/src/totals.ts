import type { ConnectionClass, ConnectionEnd, HandoffReport } from "@heirloom/node-runtime";

/** What a handoff was like that went well. */
export interface LastHandoff {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly steps: HandoffReport["steps"];
  readonly longestPauseMs: number;
}

/** Everything that is counted, as it goes from generation to generation. */
export interface Counts {
  readonly handoffs: Readonly<Record<string, number>>;
  /** By class, and then by end. */
  readonly connections: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly last?: LastHandoff;
}

const ends: readonly ConnectionEnd[] = ["moved", "finished", "closed", "cut"];
const nothing = (): Counts => ({ handoffs: { committed: 0, aborted: 0, rolledBack: 0 }, connections: {} });

/** The counts of a service over all of its generations, as far as they have come to this one. */
export class Totals {
  #counts = nothing();

  get counts(): Counts {
    return this.#counts;
  }

  record({ outcome, drain, startedAt, steps }: HandoffReport): void {
    const classes = Object.entries(drain?.classes ?? {}) as [
      ConnectionClass,
      Record<ConnectionEnd, number>,
    ][];
    this.add({
      handoffs: { [outcome]: 1 },
      connections: Object.fromEntries(
        classes.map(([of, counts]) => [of, Object.fromEntries(ends.map((end) => [end, counts[end]]))]),
      ),
      ...(drain && { last: { startedAt, steps, longestPauseMs: drain.longestPauseMs } }),
    });
  }

  add({ handoffs, connections, last }: Counts): void {
    const sums = { ...this.#counts.connections };
    for (const [of, counts] of Object.entries(connections)) sums[of] = combine(sums[of], counts, 1);
    const [mine, theirs] = [this.#counts.last?.startedAt ?? 0, last?.startedAt ?? 0];
    const latest = theirs >= mine ? last : this.#counts.last;
    this.#counts = {
      handoffs: combine(this.#counts.handoffs, handoffs, 1),
      connections: sums,
      ...(latest && { last: latest }),
    };
  }

  /** What has been counted since the counts were these. */
  since(then: Counts): Counts {
    const { handoffs, connections, last } = this.#counts;
    const differences = Object.entries(connections).map(([of, counts]) => [
      of,
      combine(counts, then.connections[of] ?? {}, -1),
    ]);
    return {
      handoffs: combine(handoffs, then.handoffs, -1),
      connections: Object.fromEntries(differences),
      ...(last && { last }),
    };
  }
}

function combine(
  a: Readonly<Record<string, number>> = {},
  b: Readonly<Record<string, number>>,
  sign: 1 | -1,
): Record<string, number> {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + sign * count;
  return sum;
}
