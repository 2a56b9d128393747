import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  /** The first of them to run, counted from 1. */
  readonly from: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly schedules: readonly string[];
  readonly lanes: number;
  /** Where the report goes. */
  readonly out: string;
  /** Prints the verdict as JSON on standard output. */
  readonly json: boolean;
  /** Another build of the runtime, to be judged in place of the workspace's. */
  readonly runtime: string | undefined;
  readonly failFast: boolean;
}

export const USAGE = `npm run chaos -- [options]

  --quick            every cell of the matrix once (up to 4 minutes on 2 cores); without it: 30 times
  --rounds N         every cell N times
  --from N           begins with round N of them: goes on with a run of the same seed that was interrupted
  --only TEXT        only cells with TEXT in their name (victim/moment/kind), such as child/ready/sigkill;
                     can be given several times
  --seed N           the order, the side of the moments, and the random times
  --schedule FILE    exactly the turns in FILE, in their order; can be given several times
  --lanes N          services that are struck at the same time (default: 3 for each processor, 12 at most)
  --out FOLDER       where report.html, report.json and schedules of what failed go (default: reports/chaos)
  --json             prints the verdict as JSON
  --runtime FILE     judges another build of @heirloom/node-runtime, by its entry file
  --fail-fast        ends at the first broken promise
  --help

Exit status: 0 where every promise was kept, 1 where one was broken or a moment was not reached, 2 for wrong options,
130 where it was interrupted (Ctrl-C) and nothing was broken until then.`;

/** More of them would wait for the one conductor, which looks at each many times a second. */
const LANES_MAX = 12;

export class UsageError extends Error {}

/** @throws UsageError */
export function readOptions(args: readonly string[]): Options | "help" {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(args).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return "help";
  const quick = values.quick ?? false;
  const rounds = wholeNumber("--rounds", values.rounds) ?? (quick ? 1 : 30);
  const from = wholeNumber("--from", values.from) ?? 1;
  if (from > rounds) throw new UsageError(`--from takes a round from 1 to ${rounds}, not ${from}`);
  return {
    quick,
    rounds,
    from,
    seed: wholeNumber("--seed", values.seed) ?? Math.floor(Math.random() * 1_000_000),
    only: values.only ?? [],
    schedules: values.schedule ?? [],
    lanes: wholeNumber("--lanes", values.lanes) ?? Math.min(availableParallelism() * 3, LANES_MAX),
    out: values.out ?? "reports/chaos",
    json: values.json ?? false,
    runtime: values.runtime,
    failFast: values["fail-fast"] ?? false,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    strict: true,
    options: {
      quick: { type: "boolean" },
      rounds: { type: "string" },
      from: { type: "string" },
      seed: { type: "string" },
      only: { type: "string", multiple: true },
      schedule: { type: "string", multiple: true },
      lanes: { type: "string" },
      out: { type: "string" },
      json: { type: "boolean" },
      runtime: { type: "string" },
      "fail-fast": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && (Number(text) > 0 || name === "--seed")) return Number(text);
  throw new UsageError(`${name} takes a whole number, not ${JSON.stringify(text)}`);
}
