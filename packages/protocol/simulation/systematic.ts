import { type Role, rowsOf, type Transition } from "../src/table.js";
import type { Mutant } from "./mutants.js";
import { withCell } from "./mutation.js";
import type { Machines, Witness } from "./turn.js";

type AnyRow = Transition<string, string, string>;
type AnyRole = Role<string, string, string, string>;

/** One small thing taken away from a table, or turned the wrong way. */
export interface Systematic extends Mutant {
  /** The row that it is in, or the state whose deadline it takes away. */
  readonly row: string;
}

/** Every role with any one row or effect dropped, any two neighbouring effects swapped, or any row led elsewhere. */
export function* systematicMutants({ parent, child }: Machines): Generator<Systematic> {
  for (const side of ["parent", "child"] as const) {
    const role = (side === "parent" ? parent : child) as unknown as AnyRole;
    const replace = (changed: AnyRole) => (): Machines =>
      ({ parent, child, [side]: changed }) as unknown as Machines;
    for (const state of Object.keys(role.deadlines)) {
      const { [state]: _, ...deadlines } = role.deadlines;
      yield {
        row: `${side} ${state}`,
        name: `${side} ${state}: no deadline`,
        breakIt: replace({ ...role, deadlines }),
      };
    }
    for (const state of Object.keys(role.table)) {
      for (const event of Object.keys(role.table[state]!)) {
        const cell = `${side} ${state} ${event}`;
        const rows = rowsOf(role.table[state]![event]);
        if (rows.length === 0) {
          yield {
            row: cell,
            name: `${cell}: missing`,
            breakIt: replace(withCell(role, state, event, undefined)),
          };
        }
        for (const [r, row] of rows.entries()) {
          const label = rowName(cell, row, rows.length);
          for (const [what, changed] of changesOf(row, Object.keys(role.table))) {
            const others = rows.flatMap((other, i) => (i === r ? (changed ?? []) : [other]));
            const breakIt = replace(withCell(role, state, event, others.length === 0 ? undefined : others));
            yield { row: label, name: `${label}: ${what}`, breakIt };
          }
        }
      }
    }
  }
}

function* changesOf(row: AnyRow, states: readonly string[]): Generator<[string, AnyRow | undefined]> {
  yield ["missing", undefined];
  const effects = row.effects ?? [];
  for (const [i, effect] of effects.entries()) {
    yield [`no ${effect}`, { ...row, effects: effects.filter((_, k) => k !== i) }];
  }
  for (let i = 0; i + 1 < effects.length; i++) {
    const turned = [...effects.slice(0, i), effects[i + 1]!, effects[i]!, ...effects.slice(i + 2)];
    yield [`${effects[i + 1]} before ${effects[i]}`, { ...row, effects: turned }];
  }
  const { notes, forgets, when, ...plain } = row;
  const keep = { ...(notes && { notes }), ...(forgets && { forgets }), ...(when && { when }) };
  if (notes) yield [`does not note ${notes}`, { ...plain, ...keep, notes: undefined } as unknown as AnyRow];
  if (forgets)
    yield [`does not forget ${forgets}`, { ...plain, ...keep, forgets: undefined } as unknown as AnyRow];
  for (const state of states) if (state !== row.next) yield [`to ${state}`, { ...row, next: state }];
}

/** How lists and tests name a row. */
const rowName = (cell: string, row: AnyRow, of: number): string =>
  of === 1 ? cell : `${cell} (${row.when ?? "else"})`;

/** The rows that an exploration takes, by name. */
export class Coverage {
  readonly taken = new Set<string>();

  constructor(private readonly machines: Machines) {}

  readonly witness: Witness = (side, state, event, facts) => {
    const role = this.machines[side] as unknown as AnyRole;
    const cell = `${side} ${state} ${event}`;
    const rows = rowsOf(role.table[state]![event]);
    const row = rows.find(({ when }) => when === undefined || facts.includes(when));
    this.taken.add(row === undefined ? cell : rowName(cell, row, rows.length));
  };
}

/** Every row of both tables, by name. */
export function rowNames({ parent, child }: Machines): string[] {
  return [parent, child].flatMap((given) => {
    const role = given as unknown as AnyRole;
    return Object.entries(role.table).flatMap(([state, cells]) =>
      Object.entries(cells).flatMap(([event, cell]) => {
        const rows = rowsOf(cell);
        const name = `${role.name} ${state} ${event}`;
        return rows.length === 0 ? [name] : rows.map((row) => rowName(name, row, rows.length));
      }),
    );
  });
}
