import { childRole } from "../../src/child/table.js";
import { parentRole } from "../../src/parent/table.js";
import { rowsOf, step } from "../../src/table.js";
import type { AnyRole } from "./sources.js";

/** One step of a machine, as it stands in the vectors. */
export interface VectorStep {
  readonly event: string;
  readonly state: string;
  readonly facts: readonly string[];
  readonly effects: readonly string[];
  /** The event changes nothing, by a reasoned row. */
  readonly ignored?: true;
  /** The event has no row: an error that changes nothing. */
  readonly refused?: true;
}

export interface Vector {
  readonly name: string;
  readonly start: { readonly state: string; readonly facts: readonly string[] };
  readonly steps: readonly VectorStep[];
}

/** Every row of a table as a vector of one step, and every event that a state has no row for. */
function rowVectors(role: AnyRole): Vector[] {
  const events = [...new Set(Object.values(role.table).flatMap((cells) => Object.keys(cells)))];
  return Object.entries(role.table).flatMap(([state, cells]) =>
    events.flatMap((event) => {
      const cell = cells[event];
      if (cell === undefined) {
        const refused = { event, state, facts: [], effects: [], refused: true } as const;
        return [{ name: `${event} in ${state}`, start: { state, facts: [] }, steps: [refused] }];
      }
      const rows = "ignored" in cell ? [{ when: undefined, forgets: undefined }] : rowsOf(cell);
      return rows.map(({ when, forgets }) => {
        const facts = [...new Set([when, forgets])].filter((fact) => fact !== undefined);
        const start = { state, facts };
        const { position, effects, ignored } = step(role, start, event);
        const taken = {
          event,
          ...position,
          effects,
          ...(ignored === undefined ? {} : { ignored: true as const }),
        };
        return { name: `${event} in ${state}${when ? ` (${when})` : ""}`, start, steps: [taken] };
      });
    }),
  );
}

export function rowVectorsText(side: "parent" | "child"): string {
  const role = (side === "parent" ? parentRole : childRole) as unknown as AnyRole;
  return `${jsonText({ role: side, sequences: rowVectors(role) })}\n`;
}

const widthMax = 110;

/** JSON as the repository's formatter writes it: on one line what fits. */
function jsonText(value: unknown, indent = "", before = 0, after = 0): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? "[]" : "{}";
  if (entries.length === 0) return `${open}${close}`;
  const key = (name: string) => (isList ? "" : `${JSON.stringify(name)}: `);
  const space = isList ? "" : " ";
  const flat = `${open}${space}${entries.map(([name, item]) => key(name) + flatText(item)).join(", ")}${space}${close}`;
  if (indent.length + before + flat.length + after <= widthMax) return flat;
  const inner = `${indent}  `;
  const lines = entries.map(([name, item], i) => {
    const comma = i + 1 < entries.length ? "," : "";
    return `${inner}${key(name)}${jsonText(item, inner, key(name).length, comma.length)}${comma}`;
  });
  return `${open}\n${lines.join("\n")}\n${indent}${close}`;
}

const flatText = (value: unknown): string => jsonText(value, "", Number.NEGATIVE_INFINITY);
