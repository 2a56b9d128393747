import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Turn } from "../plan/cell.js";
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

/** Runs all turns, several services at a time, and leaves nothing of them behind. */
export async function runCampaign({
  turns,
  lanes,
  programs,
  signal,
  started,
  ended,
}: CampaignOptions): Promise<void> {
  // Short, because the path of a Unix-domain socket is.
  const folder = mkdtempSync(join(tmpdir(), "heirloom-chaos-"));
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
      for (let turn = next(); turn !== undefined; turn = next()) {
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
        if (!signal.aborted) ended(result, index);
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
