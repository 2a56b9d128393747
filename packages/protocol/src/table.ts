import type { Deadline } from "./deadline.js";
import { HandoffError } from "./error.js";

/** A row of a table: where an event leads, and what is to be done about it, in order. */
export interface Transition<State, Effect, Fact> {
  /** The row applies only while this fact holds. Of several rows for one event the first that applies is taken. */
  readonly when?: Fact;
  readonly next: State;
  /** Default: none. */
  readonly effects?: readonly Effect[];
  /** A fact to remember from here on. */
  readonly notes?: Fact;
  /** A fact that no longer holds. */
  readonly forgets?: Fact;
}

/** An event that changes nothing, and why that is right. */
export interface Ignored {
  readonly ignored: string;
}

/** What a table says about one event in one state. There is no fourth case: a cell that is missing is an error. */
export type Cell<State, Effect, Fact> =
  | Transition<State, Effect, Fact>
  | readonly Transition<State, Effect, Fact>[]
  | Ignored;

/** A role of the protocol as data: the only place where policy lives. */
export interface Role<
  State extends string,
  Event extends string,
  Effect extends string,
  Fact extends string,
> {
  readonly name: string;
  readonly initial: readonly State[];
  readonly table: Readonly<Record<State, Readonly<Partial<Record<Event, Cell<State, Effect, Fact>>>>>>;
  /** Which deadline runs while in a state. It starts when a state that names it is entered from one that does not. */
  readonly deadlines: Readonly<Partial<Record<State, Deadline>>>;
  /** States whose deadline starts when they are entered, also from one that names the same. Default: none. */
  readonly anew?: readonly State[];
}

/** Where a machine stands. Plain data: compare, copy, store and print it freely. */
export interface Position<State, Fact> {
  readonly state: State;
  /** In the order in which they were noted. */
  readonly facts: readonly Fact[];
}

export interface Step<State, Effect, Fact> {
  readonly position: Position<State, Fact>;
  /** To be executed in this order, each begun after the one before it has returned. */
  readonly effects: readonly Effect[];
  /** Why nothing is to be done, where the table ignores the event. */
  readonly ignored?: string;
}

const none: readonly never[] = [];

/**
 * One step of a role's machine: a pure function of the table, the position and the event.
 * @throws HandoffError EVENT_UNEXPECTED where the table has no row; the position is then unchanged, being the caller's.
 * @see spec/v1/states.md
 */
export function step<State extends string, Event extends string, Effect extends string, Fact extends string>(
  role: Role<State, Event, Effect, Fact>,
  position: Position<State, Fact>,
  event: Event,
): Step<State, Effect, Fact> {
  // Own keys only: an event named like a property of every object has no row.
  const rows = role.table[position.state];
  const cell = Object.hasOwn(rows, event) ? rows[event] : undefined;
  if (cell !== undefined && "ignored" in cell) {
    return { position, effects: none, ignored: cell.ignored };
  }
  const row = rowsOf(cell).find(({ when }) => when === undefined || position.facts.includes(when));
  if (row === undefined) {
    throw new HandoffError("EVENT_UNEXPECTED", {
      message: `the ${role.name} has no row for ${event} in state ${position.state}: nothing was changed`,
    });
  }
  const { next, effects = none, notes, forgets } = row;
  let { facts } = position;
  if (forgets !== undefined) facts = facts.filter((fact) => fact !== forgets);
  if (notes !== undefined && !facts.includes(notes)) facts = [...facts, notes];
  return { position: { state: next, facts }, effects };
}

/** The rows of a cell, in the order in which they are tried. */
export function rowsOf<State, Effect, Fact>(
  cell: Cell<State, Effect, Fact> | undefined,
): readonly Transition<State, Effect, Fact>[] {
  if (cell === undefined || "ignored" in cell) return none;
  return "next" in cell ? [cell] : cell;
}
