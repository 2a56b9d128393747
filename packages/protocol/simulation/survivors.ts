import type { Machines } from "./turn.js";

/** What `explore --mutants` found out about the tables with this digest. */
export interface Survivors {
  readonly digest: string;
  /** How many mutants each promise catches. */
  readonly caught: Readonly<Record<string, number>>;
  /** How many are in rows that are never taken. */
  readonly unreached: number;
  /** Those that break no promise. */
  readonly survivors: readonly string[];
}

/** A number for what both tables say: another one when anything is changed. FNV-1a. */
export function digestOf({ parent, child }: Machines): string {
  let hash = 0x811c9dc5;
  // Any deadline may pass at any moment of an exploration: when it started makes no difference.
  const text = JSON.stringify([parent, child], (key, value) => (key === "anew" ? undefined : value));
  for (const character of text) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}
