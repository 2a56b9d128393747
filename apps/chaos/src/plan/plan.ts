import { allCells, type Cell, cellName, MOVE_MOMENTS, type Turn } from "./cell.js";
import type { Side } from "./moment.js";
import { randomFrom, seedOf, shuffled } from "./random.js";

/** When a random fault comes at the latest: a handoff and its draining are over by then. */
const RANDOM_MS_MAX = 700;

/** In one round of so many each turn has a plain handoff after it: an odd number, so that both sides of a moment do. */
const FOLLOWED_EVERY = 5;

/** Every turn of a run: each cell as often as asked for, in an order that the seed gives. `from`: the first round, counted from 1. */
export function planTurns(cells: readonly Cell[], rounds: number, seed: number, from = 1): Turn[] {
  const turns: Turn[] = [];
  for (let round = from - 1; round < rounds; round += 1) {
    const ofRound = cells.flatMap((cell) => {
      const turn = { ...turnOf(cell, round, seed), ...(!isFollowed(cell, round) && UNFOLLOWED) };
      return rounds === 1 && isTwofold(cell) ? [turn, { ...turn, side: otherOf(turn.side) }] : [turn];
    });
    turns.push(...shuffled(ofRound, randomFrom(seedOf(seed, `order ${round}`))));
  }
  return turns;
}

const UNFOLLOWED = { followed: false } as const;
/** An owner whose control socket could not be made serves without: only the next one has all that it should. */
const isFollowed = ({ kind }: Cell, round: number): boolean =>
  round % FOLLOWED_EVERY === 0 || kind === "controlBlocked";

/** Where one side is no use to know of the other: who has a connection that moves is another one right after a step. */
const isTwofold = ({ victim, moment, kind }: Cell): boolean =>
  victim !== "both" && kind === "sigkill" && MOVE_MOMENTS.has(moment);
const otherOf = (side: Side): Side => (side === "before" ? "after" : "before");

export function cellsLike(only: readonly string[]): Cell[] {
  return allCells().filter((cell) => only.length === 0 || only.some((text) => cellName(cell).includes(text)));
}

function turnOf(cell: Cell, round: number, seed: number): Turn {
  const random = randomFrom(seedOf(seed, `${cellName(cell)} ${round}`));
  // Both sides of a moment take turns, and the seed says which is first.
  const first = randomFrom(seedOf(seed, cellName(cell)))() < 0.5 ? 0 : 1;
  const side = (round + first) % 2 === 0 ? "before" : "after";
  // There is no child before it is spawned.
  if (cell.moment === "spawned" && cell.victim === "child") return { ...cell, side: "after" };
  // A batch that is there already needs no descriptor.
  if (cell.kind === "emfileBatch") return { ...cell, side: "before" };
  // Once commit is sent the child may be owner before it is stopped, and nobody may end an owner.
  if (cell.kind === "stopForever" && cell.moment === "commitSent") return { ...cell, side: "before" };
  if (cell.moment !== "random") return { ...cell, side };
  return { ...cell, side, delayMs: Math.floor(random() * RANDOM_MS_MAX) };
}
