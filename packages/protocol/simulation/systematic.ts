import { type Role, rowsOf, type Transition } from "../src/table.js";
import type { Mutant } from "./mutants.js";
import { withCell } from "./mutation.js";
import type { Machines, Witness } from "./turn.js";

type AnyRow = Transition<string, string, string>;
type AnyRole = Role<string, string, string, string>;

/** One small thing taken away from a table, or turned the wrong way. */
export interface Systematic extends Mutant {
  /** The row, by name, without which it makes no difference. Absent: it changes which row is taken, or a deadline. */
  readonly row?: string;
  /** The cell without which it makes no difference. Absent: it changes a deadline. */
  readonly cell?: string;
}

/**
 * Every role with any one row or effect dropped, ignored, turned or led elsewhere; with a condition or a memory changed; with
 * a deadline dropped, exchanged or moved; and with a row, as it stands elsewhere for the same event, where an event is ignored.
 */
export function* systematicMutants({ parent, child }: Machines): Generator<Systematic> {
  for (const side of ["parent", "child"] as const) {
    const role = (side === "parent" ? parent : child) as unknown as AnyRole;
    const replace = (changed: AnyRole) => (): Machines =>
      ({ parent, child, [side]: changed }) as unknown as Machines;
    for (const [name, deadlines] of deadlinesLike(role)) {
      yield { name: `${side} ${name}`, breakIt: replace({ ...role, deadlines }) };
    }
    for (const state of Object.keys(role.table)) {
      for (const event of Object.keys(role.table[state]!)) {
        const cell = `${side} ${state} ${event}`;
        const rows = rowsOf(role.table[state]![event]);
        if (rows.length === 0) {
          yield {
            row: cell,
            cell,
            name: `${cell}: missing`,
            breakIt: replace(withCell(role, state, event, undefined)),
          };
          for (const [from, row] of rowsElsewhere(role, event)) {
            yield {
              row: cell,
              cell,
              name: `${cell}: as in ${from}`,
              breakIt: replace(withCell(role, state, event, row)),
            };
          }
        }
        for (const [r, row] of rows.entries()) {
          const label = rowName(cell, row, rows.length);
          for (const [what, changed] of changesOf(row, Object.keys(role.table), factsOf(role))) {
            const others = rows.flatMap((other, i) => (i === r ? (changed ?? []) : [other]));
            const breakIt = replace(withCell(role, state, event, others.length === 0 ? undefined : others));
            const picks = what === "always" || what.startsWith("when ");
            yield { ...(picks ? {} : { row: label }), cell, name: `${label}: ${what}`, breakIt };
          }
        }
        if (rows.length > 0) {
          const breakIt = replace(withCell(role, state, event, { ignored: "broken on purpose" }));
          yield { cell, name: `${cell}: ignored`, breakIt };
        }
      }
    }
  }
}

type Deadlines = AnyRole["deadlines"];

/** The deadlines with one of them gone, with the name of another, or moved to a state that has none. */
function* deadlinesLike({ deadlines, table }: AnyRole): Generator<[string, Deadlines]> {
  const names = [...new Set(Object.values(deadlines))];
  for (const [state, name] of Object.entries(deadlines)) {
    const { [state]: _, ...others } = deadlines;
    yield [`${state}: no deadline`, others];
    for (const other of names) {
      if (other !== name) yield [`${state}: deadline ${other}`, { ...others, [state]: other }];
    }
    for (const other of Object.keys(table)) {
      if (deadlines[other] === undefined) {
        yield [`${state}: deadline in ${other} instead`, { ...others, [other]: name }];
      }
    }
  }
}

/** The rows that any other state has for an event, each kind once. */
function rowsElsewhere({ table }: AnyRole, event: string): Map<string, AnyRow> {
  const seen = new Set<string>();
  const found = new Map<string, AnyRow>();
  for (const [state, cells] of Object.entries(table)) {
    for (const row of rowsOf(cells[event])) {
      const { when: _, ...always } = row;
      const kind = JSON.stringify(always);
      if (!seen.has(kind)) found.set(rowName(state, row, rowsOf(cells[event]).length), always);
      seen.add(kind);
    }
  }
  return found;
}

function factsOf({ table }: AnyRole): string[] {
  const rows = Object.values(table).flatMap((cells) => Object.values(cells).flatMap((cell) => rowsOf(cell)));
  return [...new Set(rows.flatMap(({ when, notes }) => [when, notes]).filter((fact) => fact !== undefined))];
}

function* changesOf(
  row: AnyRow,
  states: readonly string[],
  facts: readonly string[],
): Generator<[string, AnyRow | undefined]> {
  yield ["missing", undefined];
  const effects = row.effects ?? [];
  for (const [i, effect] of effects.entries()) {
    yield [`no ${effect}`, { ...row, effects: effects.filter((_, k) => k !== i) }];
  }
  for (let i = 0; i + 1 < effects.length; i++) {
    const turned = [...effects.slice(0, i), effects[i + 1]!, effects[i]!, ...effects.slice(i + 2)];
    yield [`${effects[i + 1]} before ${effects[i]}`, { ...row, effects: turned }];
  }
  if (effects.length > 2) yield ["effects in reverse", { ...row, effects: effects.toReversed() }];
  const { notes, forgets, when } = row;
  const without = (key: "notes" | "forgets" | "when") =>
    Object.fromEntries(Object.entries(row).filter(([name]) => name !== key)) as unknown as AnyRow;
  if (notes) yield [`does not note ${notes}`, without("notes")];
  if (forgets) yield [`does not forget ${forgets}`, without("forgets")];
  if (when) yield ["always", without("when")];
  for (const fact of facts) {
    if (notes && fact !== notes) yield [`notes ${fact}`, { ...row, notes: fact }];
    if (forgets && fact !== forgets) yield [`forgets ${fact}`, { ...row, forgets: fact }];
    if (when && fact !== when) yield [`when ${fact}`, { ...row, when: fact }];
  }
  for (const state of states) if (state !== row.next) yield [`to ${state}`, { ...row, next: state }];
}

/** How lists and tests name a row. */
const rowName = (cell: string, row: AnyRow, of: number): string =>
  of === 1 ? cell : `${cell} (${row.when ?? "else"})`;

/** The rows that an exploration takes, by name. */
export class Coverage {
  /** Rows, by name. */
  readonly taken = new Set<string>();
  readonly cells = new Set<string>();

  constructor(private readonly machines: Machines) {}

  readonly witness: Witness = (side, state, event, facts) => {
    const role = this.machines[side] as unknown as AnyRole;
    const cell = `${side} ${state} ${event}`;
    const rows = rowsOf(role.table[state]![event]);
    const row = rows.find(({ when }) => when === undefined || facts.includes(when));
    this.cells.add(cell);
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
