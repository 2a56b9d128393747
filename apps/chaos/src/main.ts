/** `npm run chaos`: strikes a service's processes in the middle of their handoffs, and judges what clients see of it. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readOptions, USAGE, UsageError } from "./options.js";
import { turnName } from "./plan/cell.js";
import { cellsLike, planTurns } from "./plan/plan.js";
import { readSchedule } from "./plan/schedule.js";
import { runCampaign } from "./run/campaign.js";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const turns =
    options.schedules.length > 0
      ? options.schedules.flatMap((path) => readSchedule(path).turns)
      : planTurns(cellsLike(options.only), options.rounds, options.seed);
  if (turns.length === 0) throw new UsageError(`no cell has ${options.only.join(" or ")} in its name`);
  const abort = new AbortController();
  let bad = 0;
  await runCampaign({
    turns,
    lanes: options.lanes,
    programs: {
      victim: beside("victim.js"),
      preload: beside("preload.js"),
      clients: beside("clients.js"),
      runtime: options.runtime && resolve(options.runtime),
    },
    signal: abort.signal,
    started: () => {},
    ended: (r) => {
      const ev = r.evidence[0];
      console.log(
        `${((r.endedAt - r.startedAt) / 1000).toFixed(1)}s ${turnName(r.turn)} ${ev?.settled} ${ev?.before.generation}->${ev?.after?.generation} failed ${r.failed} excused ${r.excused} recovery ${r.recoveryMs?.toFixed(0)} ${r.missed ? "MISSED" : ""} n=${ev?.records.length}`,
      );
      for (const v of r.violations) console.log(`    ${v.invariant} ${v.text}`);
      if (r.violations.length || r.missed) bad++;
      if (r.violations.length && process.env.DUMP)
        for (const e of r.evidence) for (const l of e.lines) console.log(JSON.stringify(l));
    },
  });
  console.log(`bad ${bad} of ${turns.length}`);
  return bad ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
