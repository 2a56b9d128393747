import type { Closure, RequestRecord } from "../load/record.js";
import type { Turn } from "../plan/cell.js";
import type { Fault } from "../run/fault.js";
import type { Overlap, Track } from "../run/watch.js";
import type { Line } from "../victim/order.js";

export type Invariant = "INV-1" | "INV-2" | "INV-3" | "INV-4" | "INV-5" | "INV-6" | "INV-7" | "INV-8";

export const PROMISES: Record<Invariant, string> = {
  "INV-1": "No refusal",
  "INV-2": "Someone accepts",
  "INV-3": "One owner",
  "INV-4": "Nothing accepted is lost",
  "INV-5": "It ends",
  "INV-6": "Failure changes nothing",
  "INV-7": "Versions meet",
  "INV-8": "Private",
};
export const INVARIANTS = Object.keys(PROMISES) as Invariant[];

export interface Violation {
  readonly invariant: Invariant;
  /** What was seen. */
  readonly text: string;
}

export interface Process {
  readonly pid: number;
  readonly generation: number | undefined;
}

/** Everything about one turn that was seen from outside. */
export interface Evidence {
  readonly turn: Turn;
  readonly before: Process;
  readonly requestedAt: number;
  readonly fault: Fault | undefined;
  /** One process is left and accepts, none is, or neither came about in time. */
  readonly settled: "owner" | "ended" | "unsettled";
  readonly after: Process | undefined;
  /** Whether that process does the application's exclusive work. */
  readonly works: boolean;
  readonly records: readonly RequestRecord[];
  readonly closures: readonly Closure[];
  /** When the request that never ends was cut, if there was one. */
  readonly cutAt: number | undefined;
  readonly tracks: readonly Track[];
  readonly overlaps: readonly Overlap[];
  readonly lines: readonly Line[];
  /** How often the victim's processes answered each request, by their own books. */
  readonly served: ReadonlyMap<string, number>;
  /** What is there that should not be: processes, files, descriptors, timers. */
  readonly leftovers: readonly string[];
  /** What others could lay their hands on. */
  readonly exposed: readonly string[];
  /** Where tools are led that look for the owner, if not to it; empty: to it. */
  readonly misled: string;
  /** The release that the owner is of, and the one that it should be of. */
  readonly release: { readonly found: string | undefined; readonly expected: string };
}

/** When those died that the fault struck, of those that did. */
export function deathsOf({ fault, tracks }: Evidence): number[] {
  const struck = new Set(fault?.present.flatMap((each) => (each.struck ? [each.pid] : [])));
  return tracks.flatMap(({ pid, diedAt }) => (struck.has(pid) ? (diedAt ?? []) : []));
}

/** Whether somebody was let in, and answered. */
export function isNewConnection({ kind, failure }: RequestRecord): boolean {
  return failure === undefined && (kind === "new" || kind === "slow" || kind === "unix");
}
