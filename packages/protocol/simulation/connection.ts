import type { Turn } from "./turn.js";
import { lives, type World } from "./world.js";

/**
 * What a process does with its descriptor of the tracked connection. `sent`: paused, and a copy is on its way or in the child.
 * `adopted`: taken from the descriptor channel, and not read from.
 */
export type Copy = "none" | "reading" | "paused" | "sent" | "adopted";

/** `pending`: being prepared. `declined`: nothing arrives any more. */
export type Adoption = "idle" | "pending" | "awaiting" | "declined";

/** A copy that nobody may read from any more is stale: another process has read since it was made. */
export type Passing = "nothing" | "fresh" | "stale";

/** One connection that an exploration follows through every process that ever has a descriptor of it. Never changed in place. */
export interface Connection {
  /** By process. */
  readonly copies: readonly Copy[];
  readonly stale: readonly boolean[];
  /** The process has what its parent read late. */
  readonly late: readonly boolean[];
  readonly moving: readonly boolean[];
  readonly adoption: readonly Adoption[];
  /** A batch was read from the channel, and not answered. */
  readonly owing: readonly boolean[];
  /** On its way in the descriptor channel below each process. */
  readonly passing: readonly Passing[];
  /** The parent had stopped reading before it looked whether the connection can move. */
  readonly still: boolean;
  /** Who has to see to it that it is read. */
  readonly custodian: number;
  /** It may be lost: by a crash of its custodian, at the drain deadline, or with a channel that broke after it was released. */
  readonly excused: boolean;
  /** How often it can still be paused, and how often a child can be short of descriptors. */
  readonly batches: number;
  readonly shortages: number;
}

/** Which connections are followed, and what can go wrong with them. */
export interface Moves {
  /** Whether the parent may read on after it has looked. */
  readonly late: boolean;
  readonly batches: number;
  readonly shortages: number;
}

export function firstConnection(generations: number, { batches, shortages }: Moves): Connection {
  const each = <T>(value: T) => Array.from({ length: generations }, () => value);
  return {
    copies: each<Copy>("none").with(0, "reading"),
    stale: each(false),
    late: each(false),
    moving: each(false),
    adoption: each<Adoption>("idle").with(1, "pending"),
    owing: each(false),
    passing: each<Passing>("nothing"),
    still: true,
    custodian: 0,
    excused: false,
    batches,
    shortages,
  };
}

type Each = "copies" | "stale" | "late" | "moving" | "adoption" | "owing" | "passing";

/** Changes what holds for one process. */
export function setFor<K extends Each>(turn: Turn, i: number, key: K, value: Connection[K][number]): void {
  const { connection } = turn.world;
  if (connection === undefined || i < 0 || i >= connection.copies.length) return;
  const list = connection[key] as readonly Connection[K][number][];
  if (list[i] !== value) turn.world.connection = { ...connection, [key]: list.with(i, value) };
}

export function change(turn: Turn, changes: Partial<Connection>): void {
  if (turn.world.connection !== undefined) turn.world.connection = { ...turn.world.connection, ...changes };
}

export const copyOf = (world: World, i: number): Copy => world.connection?.copies[i] ?? "none";

/** A process reads: whatever else there is of the connection is stale from here on. */
export function read(turn: Turn, i: number): void {
  const { connection } = turn.world;
  if (connection === undefined) return;
  if (connection.stale[i])
    turn.violate("INV-4", "reads from a connection that another generation has read from since");
  if (connection.copies.some((copy, k) => k !== i && copy === "reading")) {
    turn.violate("INV-4", "two generations read from one connection");
  }
  change(turn, {
    copies: connection.copies.with(i, "reading"),
    stale: connection.copies.map((copy, k) => k !== i && copy !== "none"),
    passing: connection.passing.map((passing) => (passing === "fresh" ? "stale" : passing)),
    custodian: i,
  });
}

/** A process closes its copy. The last one must not disappear without a reason. */
export function close(turn: Turn, i: number): void {
  if (copyOf(turn.world, i) === "none") return;
  setFor(turn, i, "copies", "none");
  setFor(turn, i, "stale", false);
  mindTheLast(turn);
}

/** What was on its way below a process is closed by whoever took it, or with the channel. */
export function closePassing(turn: Turn, c: number): void {
  if ((turn.world.connection?.passing[c] ?? "nothing") === "nothing") return;
  setFor(turn, c, "passing", "nothing");
  mindTheLast(turn);
}

const isOnly = ({ copies, passing }: Connection, i: number): boolean =>
  copies.every((copy, k) => k === i || copy === "none") && passing.every((one) => one === "nothing");

function mindTheLast(turn: Turn): void {
  const { connection } = turn.world;
  if (connection === undefined || connection.excused) return;
  const { copies, passing } = connection;
  if (copies.some((copy) => copy !== "none") || passing.some((one) => one !== "nothing")) return;
  turn.violate("INV-4", "the last copy of a connection is closed by a process that could have kept it");
}

/** The client has what it wanted. */
export function finish(turn: Turn, i: number): void {
  if (copyOf(turn.world, i) === "reading") change(turn, { excused: true });
  close(turn, i);
}

/** A process is gone. `byItself`: it was its own decision. */
export function endOf(turn: Turn, i: number, byItself: boolean): void {
  const { connection, processes } = turn.world;
  if (connection === undefined) return;
  const { copies, custodian, still } = connection;
  if (!byItself && (custodian === i || (copies[i] !== "none" && isOnly(connection, i)))) {
    // What a child has adopted is as good as the dead parent's, if that had stopped reading.
    const heir = custodian === i && still && lives(processes[i + 1]) && copies[i + 1] === "adopted";
    change(turn, heir ? { custodian: i + 1 } : { excused: true });
  }
  setFor(turn, i, "moving", false);
  setFor(turn, i, "adoption", "idle");
  setFor(turn, i, "owing", false);
  setFor(turn, i, "late", false);
  close(turn, i);
  closePassing(turn, i - 1);
  if (!lives(processes[i + 1])) closePassing(turn, i);
}

/** A character for each thing that differs. */
export function connectionKey(connection: Connection | undefined): string {
  if (connection === undefined) return "";
  const known = connectionKeys.get(connection);
  if (known !== undefined) return known;
  const { still, custodian, excused, batches, shortages, ...lists } = connection;
  const rest = [still, custodian, excused, batches, shortages];
  const key = `${Object.values(lists)
    .map((list) => list.join())
    .join(";")};${rest.join()}`;
  connectionKeys.set(connection, key);
  return key;
}

const connectionKeys = new WeakMap<Connection, string>();
