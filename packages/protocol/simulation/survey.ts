import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { Ground } from "./ground.js";
import type { Scenario } from "./scenario.js";
import { digestOf, type Survivors } from "./survivors.js";
import { Coverage, rowNames, type Systematic, systematicMutants } from "./systematic.js";
import type { Machines } from "./turn.js";

/** What became of each mutant, by name: the promise that it breaks, `unreached`, `endless` or `survived`. */
export type Fates = Record<string, string>;

/** At most this often a part says how far it is, in milliseconds. */
const progressMs = 10_000;

/** Tries every `of`th mutant, from the `part`th on (1 to `of`), in the small scenarios first. */
export function surveyPart(
  machines: Machines,
  scenarios: readonly Scenario[],
  part: number,
  of: number,
): Fates {
  const tell = (what: string) => console.error(`part ${part} of ${of}: ${what}`);
  const coverage = new Coverage(machines);
  const grounds = scenarios.map((scenario) => new Ground(scenario, machines, coverage.witness));
  grounds.sort((a, b) => a.size - b.size);
  const rows = new Set(rowNames(machines));
  const isReached = ({ row, cell }: Systematic) =>
    row === undefined
      ? cell === undefined || coverage.cells.has(cell)
      : !rows.has(row) || coverage.taken.has(row);
  const mine = [...systematicMutants(machines)].filter((_, i) => i % of === part - 1);
  const fates: Fates = {};
  for (const { name } of mine) fates[name] = "survived";
  for (const mutant of mine) if (!isReached(mutant)) fates[mutant.name] = "unreached";
  let left = mine.filter(isReached);
  tell(`${left.length} mutants of rows that are taken`);
  let toldAt = Date.now();
  for (const [g, ground] of grounds.entries()) {
    left = left.filter((mutant, i) => {
      if (Date.now() > toldAt + progressMs) {
        toldAt = Date.now();
        tell(`scenario ${g + 1} of ${grounds.length}, mutant ${i + 1} of ${left.length} that are left`);
      }
      const verdict = ground.hunt(mutant.breakIt(machines));
      if (verdict === undefined) return true;
      fates[mutant.name] = verdict === "endless" ? verdict : verdict.invariant;
      return verdict === "endless";
    });
  }
  return fates;
}

/** Runs the parts in a process each, `node run.mjs explore --mutants --part k/n`, and puts together what they found. */
export async function survey(machines: Machines): Promise<Survivors> {
  const parts = availableParallelism();
  const found = await Promise.all(Array.from({ length: parts }, (_, i) => partElsewhere(i + 1, parts)));
  const fates: Fates = Object.assign({}, ...found);
  const counts: Record<string, number> = {};
  for (const fate of Object.values(fates)) counts[fate] = (counts[fate] ?? 0) + 1;
  const { unreached = 0, survived: _, ...caught } = counts;
  const survivors = [...systematicMutants(machines)].flatMap(({ name }) =>
    fates[name] === "survived" ? [name] : [],
  );
  return { digest: digestOf(machines), caught, unreached, survivors };
}

function partElsewhere(part: number, of: number): Promise<Fates> {
  const run = `${process.env.HEIRLOOM_PROTOCOL_FOLDER}/simulation/run.mjs`;
  const child = fork(run, ["explore", "--mutants", "--part", `${part}/${of}`]);
  return new Promise((resolve, reject) => {
    child.once("message", (fates) => resolve(fates as Fates));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`part ${part} of ${of} ended with code ${code}`)));
  });
}
