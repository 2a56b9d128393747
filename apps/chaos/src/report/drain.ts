import type { ConnectionEnd, DrainCounts } from "@heirloom/node-runtime";
import type { Evidence } from "../judge/evidence.js";
import type { DrainSum } from "./model.js";

const ENDS = ["moved", "finished", "closed", "cut"] as const satisfies readonly ConnectionEnd[];

/** Adds up what parents said of their connections when they left. */
export class DrainTotals {
  #handoffs = 0;
  #longestPauseMs = 0;
  readonly #classes = new Map<string, Record<ConnectionEnd, number>>();

  take({ classes, longestPauseMs }: DrainCounts): void {
    this.#handoffs += 1;
    this.#longestPauseMs = Math.max(this.#longestPauseMs, longestPauseMs);
    for (const [name, counts] of Object.entries(classes)) {
      const sum = this.#classes.get(name) ?? { moved: 0, finished: 0, closed: 0, cut: 0 };
      for (const end of ENDS) sum[end] += counts[end];
      this.#classes.set(name, sum);
    }
  }

  sum(): DrainSum {
    return {
      handoffs: this.#handoffs,
      longestPauseMs: Math.round(this.#longestPauseMs * 10) / 10,
      classes: Object.fromEntries(this.#classes),
    };
  }
}

export function drainsOf({ lines }: Evidence): DrainCounts[] {
  return lines.flatMap((line) => (line.type === "report" && line.drain ? [line.drain] : []));
}

/** `http: 7 moved, 3 finished, tls: 1 closed; none that moved waited longer than 4 ms` */
export function drainText({ classes, longestPauseMs }: DrainSum): string {
  const counted = Object.entries(classes).map(([name, counts]) => {
    const ends = ENDS.filter((end) => counts[end] > 0).map((end) => `${counts[end]} ${end}`);
    return `${name}: ${ends.join(", ")}`;
  });
  const moved = Object.values(classes).some((counts) => counts.moved > 0);
  const pause = moved ? `; none that moved waited longer than ${Math.ceil(longestPauseMs)} ms` : "";
  return `${counted.join("; ") || "none were open"}${pause}`;
}
