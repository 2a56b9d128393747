import { type Position, type Role, step } from "../src/table.js";

/** Runs events through a role, and writes down each step as `event -> state [facts]: effects`. */
export function transcript<S extends string, E extends string, F extends string, X extends string>(
  role: Role<S, E, F, X>,
  start: Position<S, X>,
  ...events: NoInfer<E>[]
): string[] {
  let position = start;
  return events.map((event) => {
    const taken = step(role, position, event);
    position = taken.position;
    const facts = position.facts.length === 0 ? "" : ` [${position.facts.join(", ")}]`;
    const effects = taken.ignored === undefined ? taken.effects.join(", ") || "nothing" : "ignored";
    return `${event} -> ${position.state}${facts}: ${effects}`;
  });
}

/** What each state's cells are: every cell a row or a reason, every row to a state that exists. */
export function faultsOf(role: Role<string, string, string, string>): string[] {
  const states = new Set(Object.keys(role.table));
  const faults: string[] = [];
  for (const [state, cells] of Object.entries(role.table)) {
    for (const [event, cell] of Object.entries(cells)) {
      if (cell === undefined) faults.push(`${state} ${event}: no cell`);
      else if ("ignored" in cell) {
        if (cell.ignored.length < 20) faults.push(`${state} ${event}: no reason`);
      } else {
        const rows = "next" in cell ? [cell] : cell;
        if (rows.at(-1)?.when !== undefined) faults.push(`${state} ${event}: can fall through`);
        for (const { next } of rows) if (!states.has(next)) faults.push(`${state} ${event}: to ${next}`);
      }
    }
  }
  for (const state of role.initial) if (!states.has(state)) faults.push(`begins in ${state}`);
  return faults;
}
