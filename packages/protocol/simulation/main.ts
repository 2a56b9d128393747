import { writeFileSync } from "node:fs";
import { childRole } from "../src/child/table.js";
import { parentRole } from "../src/parent/table.js";
import { explore } from "./explore.js";
import { hunt } from "./hunt.js";
import { deepScenarios, scenarios } from "./scenarios.js";
import { digestOf, type Survivors } from "./survivors.js";
import { Coverage, rowNames, systematicMutants } from "./systematic.js";
import type { Machines } from "./turn.js";

const machines: Machines = { parent: parentRole, child: childRole };
const options = process.argv.slice(3);
const words = options.filter((option) => !option.startsWith("--"));
const cpuSeconds = () => (process.cpuUsage().user / 1e6).toFixed(1);

/** Explores every scenario, and prints the shortest schedule that breaks a promise. */
function exploreAll(): void {
  let worlds = 0;
  let moves = 0;
  for (const scenario of [...scenarios, ...(options.includes("--deep") ? deepScenarios : [])]) {
    if (!scenario.name.includes(words.join(" "))) continue;
    const found = explore(scenario, machines);
    worlds += found.worlds;
    moves += found.moves;
    const { name } = scenario;
    console.log(
      `${name}: ${found.worlds} worlds, ${found.moves} moves, ${found.ends} ends, depth ${found.depth}`,
    );
    if (found.counterexample === undefined) continue;
    process.exitCode = 1;
    console.log(`  breaks ${found.counterexample.invariant}: ${found.counterexample.why}`);
    for (const line of found.counterexample.schedule) console.log(`    ${line}`);
  }
  console.log(`${worlds} worlds, ${moves} moves, ${cpuSeconds()} s of CPU`);
}

/** Takes away one small thing after the other, and writes down what nobody notices. */
function breakAll(): void {
  const coverages = scenarios.map((scenario) => {
    const coverage = new Coverage(machines);
    explore(scenario, machines, { witness: coverage.witness });
    return { scenario, ...coverage };
  });
  const taken = new Set(coverages.flatMap((coverage) => [...coverage.taken]));
  const rows = new Set(rowNames(machines));
  const caught: Record<string, number> = {};
  const names: string[] = [];
  let unreached = 0;
  for (const { row, cell, name, breakIt } of systematicMutants(machines)) {
    if (row !== undefined && rows.has(row) && !taken.has(row)) {
      unreached += 1;
      continue;
    }
    // A scenario that never comes to a cell is the same with anything else in it.
    const able = coverages.filter(({ cells }) => cell === undefined || cells.has(cell));
    const found = hunt(
      breakIt(machines),
      able.map(({ scenario }) => scenario),
    );
    if (found === undefined) names.push(name);
    else caught[found.counterexample.invariant] = (caught[found.counterexample.invariant] ?? 0) + 1;
  }
  const survivors: Survivors = { digest: digestOf(machines), caught, unreached, survivors: names };
  writeFileSync(
    `${process.env.HEIRLOOM_PROTOCOL_FOLDER}/simulation/survivors.json`,
    `${JSON.stringify(survivors, null, 2)}\n`,
  );
  console.log(JSON.stringify({ ...survivors, survivors: names.length }), `${cpuSeconds()} s of CPU`);
}

if (options.includes("--mutants")) breakAll();
else exploreAll();
