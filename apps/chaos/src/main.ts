/** `npm run chaos`: strikes a service's processes in the middle of their handoffs, and judges what clients see of it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readCounters } from "./kernel/counters.js";
import { now } from "./now.js";
import { type Options, readOptions, USAGE, UsageError } from "./options.js";
import { type Cell, cellName, type Turn, turnName } from "./plan/cell.js";
import { cellsLike, planTurns } from "./plan/plan.js";
import { readSchedule, type Schedule } from "./plan/schedule.js";
import { Progress } from "./progress.js";
import { Collector } from "./report/collector.js";
import { reportPage } from "./report/page.js";
import { verdictText } from "./report/text.js";
import { runCampaign } from "./run/campaign.js";

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  if (process.platform !== "linux") {
    throw new UsageError("the chaos run reads /proc, which only Linux has");
  }
  const vain = options.only.find((text) => cellsLike([text]).length === 0);
  if (vain !== undefined)
    throw new UsageError(`no cell has ${vain} in its name, such as child/ready/sigkill`);
  const turns = turnsOf(options);
  const cells = new Map<string, Cell>(turns.map((turn) => [cellName(turn), turn]));
  const collector = new Collector([...cells.values()], now());
  const progress = new Progress(turns.length, collector);
  const broken: Turn[] = [];
  const left = new Set(turns);
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  // Whoever read this has gone. What was started must not outlive that.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", interrupt);
  try {
    // Moments do not wait: the conductor comes before what it conducts. Only root may.
    setPriority(-5);
  } catch {
    // The victims are nicer in any case.
  }
  const countersBefore = readCounters();
  progress.note(
    `${turns.length} turns over ${cells.size} cells, ${options.lanes} at a time, seed ${options.seed}`,
  );

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
    started: (turn, lane) => progress.running(lane, cellName(turn)),
    ended: (result, lane) => {
      collector.take(result, lane);
      const { turn, unfollowed, violations } = result;
      left.delete(turn);
      if (violations.length === 0) return;
      // Either of the two may be the reason, or both together.
      if (unfollowed !== undefined) broken.push(unfollowed);
      const { followed: _, ...followed } = turn;
      broken.push(followed);
      progress.note(`BROKEN ${turnName(turn)}${unfollowed ? `, right after ${turnName(unfollowed)}` : ""}`);
      for (const { invariant, text } of violations) progress.note(`       ${invariant} ${text}`);
      if (options.failFast) abort.abort();
    },
  });
  progress.end();

  const report = collector.report({
    seed: options.seed,
    command: commandOf(options),
    planned: turns.length,
    interrupted: abort.signal.aborted,
    countersBefore,
    countersAfter: readCounters(),
    endedAt: now(),
  });
  const out = resolve(options.out);
  mkdirSync(out, { recursive: true });
  const html = join(out, "report.html");
  writeFileSync(join(out, "report.json"), `${JSON.stringify(report)}\n`);
  writeFileSync(html, reportPage(report));
  const schedule = broken.length === 0 ? undefined : join(out, "failed.schedule.json");
  if (schedule !== undefined) writeFileSync(schedule, scheduleOf(broken, options.seed));
  const shown = (path: string) => relative(process.cwd(), path) || path;
  const rest = restOf(left, turns, options);
  const text = verdictText(report, {
    html: shown(html),
    ...(schedule && { schedule: shown(schedule) }),
    ...(rest && { rest }),
  });
  if (options.json) {
    process.stderr.write(`${text}\n`);
    const { verdict, seed, totals, invariants } = report;
    console.log(JSON.stringify({ verdict, seed, totals, invariants, report: html, schedule }));
  } else console.log(text);
  if (report.verdict === "interrupted") return 130;
  return report.verdict === "kept" ? 0 : 1;
}

function turnsOf({ schedules, only, rounds, from, seed }: Options): Turn[] {
  if (schedules.length === 0) return planTurns(cellsLike(only), rounds, seed, from);
  const turns = schedules.flatMap((path) => scheduleAt(path).turns);
  return Array.from({ length: rounds === 30 ? 1 : rounds }, () => turns).flat();
}

function scheduleAt(path: string): Schedule {
  try {
    return readSchedule(path);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** What goes on from the first round that has turns left. What a schedule repeats has no rounds of its own. */
function restOf(left: ReadonlySet<Turn>, turns: readonly Turn[], options: Options): string | undefined {
  const { rounds, from, schedules } = options;
  const [next] = left;
  if (next === undefined || rounds === 1 || schedules.length > 0) return undefined;
  const each = turns.length / (rounds - from + 1);
  return commandOf({ ...options, from: from + Math.floor(turns.indexOf(next) / each) });
}

function commandOf({ quick, rounds, from, seed, only, schedules }: Options): string {
  const parts = [
    ...(quick ? ["--quick"] : []),
    ...(rounds === (quick ? 1 : 30) ? [] : [`--rounds ${rounds}`]),
    ...(from === 1 ? [] : [`--from ${from}`]),
    ...only.map((text) => `--only ${text}`),
    ...schedules.map((path) => `--schedule ${path}`),
    `--seed ${seed}`,
  ];
  return `npm run chaos -- ${parts.join(" ")}`;
}

function scheduleOf(turns: readonly Turn[], seed: number): string {
  const schedule: Schedule = { why: `broke a promise in a run with seed ${seed}`, turns };
  return `${JSON.stringify(schedule, undefined, 2)}\n`;
}

try {
  process.exitCode = await main();
  // A turn that was interrupted would keep this process for as long as it still waits for something: half a minute.
  process.exit();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
