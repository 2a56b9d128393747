import { type Cell, type Role, rowsOf, type Transition } from "../src/table.js";

/** A role with one cell replaced. `undefined`: the cell is missing. */
export function withCell<S extends string, E extends string, F extends string, X extends string>(
  role: Role<S, E, F, X>,
  state: NoInfer<S>,
  event: NoInfer<E>,
  cell: Cell<NoInfer<S>, NoInfer<F>, NoInfer<X>> | undefined,
): Role<S, E, F, X> {
  const rows: Partial<Record<E, Cell<S, F, X>>> = { ...role.table[state] };
  if (cell === undefined) delete rows[event];
  else rows[event] = cell;
  return { ...role, table: { ...role.table, [state]: rows } };
}

/** A role in which every row of a cell is changed. */
export function withRows<S extends string, E extends string, F extends string, X extends string>(
  role: Role<S, E, F, X>,
  state: NoInfer<S>,
  event: NoInfer<E>,
  change: (row: Transition<S, F, X>) => Transition<S, F, X>,
): Role<S, E, F, X> {
  const rows = rowsOf(role.table[state][event]);
  if (rows.length === 0)
    throw new Error(`the ${role.name} has no row for ${event} in ${state}: nothing to break`);
  return withCell(role, state, event, rows.map(change));
}

/** Ways to change a row of a role whose types are S, F and X. */
export function changes<S extends string, F extends string, X extends string>() {
  type Change = (row: Transition<S, F, X>) => Transition<S, F, X>;
  /** Every such effect replaced by these; by none: dropped. */
  const swap =
    (effect: F, ...instead: readonly F[]): Change =>
    (row) => ({
      ...row,
      effects: (row.effects ?? []).flatMap((other) => (other === effect ? instead : [other])),
    });
  /** Another end and other effects. */
  const to =
    (next: S, ...effects: readonly F[]): Change =>
    (row) => ({ ...row, next, effects });
  const withoutNotes: Change = ({ notes: _, ...row }) => row;
  const withoutForgets: Change = ({ forgets: _, ...row }) => row;
  return { swap, without: swap, to, withoutNotes, withoutForgets };
}
