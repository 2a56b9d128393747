import { type Outcome, request, type Target } from "./client.js";

export interface LoadResult {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Who answered, in the order of their first answers. */
  readonly generations: readonly number[];
}

export interface Load {
  /** Lets the requests under way end, and tells what became of all of them. */
  stop(): Promise<LoadResult>;
}

/** A few clients that ask one after the other, each time on a new connection, with a short breath between. */
export function startLoad(target: Target, clients = 2, breathMs = 4): Load {
  const counts = { ok: 0, refused: 0, reset: 0, truncated: 0, wrong: 0, timeout: 0 };
  const generations: number[] = [];
  let stopped = false;
  const ask = async () => {
    while (!stopped) {
      const { outcome, generation } = await request(target);
      counts[outcome] += 1;
      if (outcome === "ok" && !generations.includes(generation)) generations.push(generation);
      await new Promise((resolve) => setTimeout(resolve, breathMs));
    }
  };
  const running = Promise.all(Array.from({ length: clients }, ask));
  return {
    async stop() {
      stopped = true;
      await running;
      return { counts, generations };
    },
  };
}

/** What a load counts when nobody noticed anything. */
export function unharmed({ counts }: LoadResult): boolean {
  return counts.ok > 0 && Object.entries(counts).every(([outcome, count]) => outcome === "ok" || count === 0);
}

/** What has to be 0 even for those whose requests were inside a process that crashed. */
export function refusals({ counts }: LoadResult): number {
  return counts.refused + counts.wrong + counts.timeout;
}
