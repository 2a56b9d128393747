import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Violation } from "../judge/evidence.js";
import { CONTROL_ROOT } from "../kernel/socket.js";
import { MOVE_MOMENTS, type Turn } from "../plan/cell.js";
import { Lane } from "./lane.js";
import type { TurnResult } from "./result.js";
import type { Programs } from "./service.js";

export interface CampaignOptions {
  readonly turns: readonly Turn[];
  readonly lanes: number;
  readonly programs: Programs;
  readonly signal: AbortSignal;
  readonly started: (turn: Turn, lane: number) => void;
  readonly ended: (result: TurnResult, lane: number) => void;
}

const AGAIN_MAX = 2;
const SOCKET_PATH_BYTES_MAX = 107;

/** A step that never comes is one that was not taken. */
function withMissed(result: TurnResult): TurnResult {
  const { moment } = result.turn;
  const invariant = MOVE_MOMENTS.has(moment) ? "INV-4" : "INV-6";
  const missed: Violation = { invariant, text: `the moment never came: ${moment}, ${result.turn.side}` };
  return { ...result, violations: [...result.violations, missed] };
}

/** Where the kernel's name of it is the same, and the longest path of a socket in it is not too long for one. */
function makeFolder(): string {
  const parent = realpathSync(tmpdir());
  const longest = join(parent, "heirloom-chaos-123456/10", CONTROL_ROOT, "service/.9999-4194304.sock");
  const fits = Buffer.byteLength(longest) <= SOCKET_PATH_BYTES_MAX;
  return mkdtempSync(join(fits ? parent : "/tmp", "heirloom-chaos-"));
}

/** Runs all turns, several services at a time, and leaves nothing of them behind. */
export async function runCampaign({
  turns,
  lanes,
  programs,
  signal,
  started,
  ended,
}: CampaignOptions): Promise<void> {
  const folder = makeFolder();
  const waiting = [...turns];
  const all = Array.from(
    { length: Math.min(lanes, turns.length) },
    (_, index) => new Lane(join(folder, `${index}`), programs),
  );
  // Nothing that a turn waits for may keep an interrupted run from ending.
  const interrupted = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    const lives = all.map(async (lane, index) => {
      let then: Turn | undefined;
      const take = () => {
        const turn = then ?? next();
        // What is to show what a turn has left behind is done in the same service.
        then = turn?.followed === false ? next() : undefined;
        return turn;
      };
      for (let turn = take(); turn !== undefined; turn = take()) {
        started(turn, index);
        let result = await lane.run(turn);
        // A moment that did not come, or a fault that came late, may be a busy machine's: what is really broken breaks again.
        for (
          let again = 0;
          again < AGAIN_MAX && (result.missed || result.late) && !signal.aborted;
          again += 1
        ) {
          result = await lane.run(turn);
        }
        // A moment that did not come may be a machine's hiccup; one that never comes is a finding.
        if (result.missed && result.violations.length === 0 && !signal.aborted) result = await lane.run(turn);
        if (!signal.aborted) ended(result.missed ? withMissed(result) : result, index);
      }
      if (!signal.aborted) await lane.stop();
    });
    await Promise.race([Promise.all(lives), interrupted]);
  } finally {
    await Promise.all(all.map((lane) => lane.end()));
    rmSync(folder, { recursive: true, force: true });
  }

  function next(): Turn | undefined {
    return signal.aborted ? undefined : waiting.shift();
  }
}
