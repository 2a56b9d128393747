import { writeFileSync } from "node:fs";
import { childRole } from "../src/child/table.js";
import { parentRole } from "../src/parent/table.js";
import { explore } from "./explore.js";
import { deepScenarios, scenarios } from "./scenarios.js";
import { survey, surveyPart } from "./survey.js";
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
async function breakAll(): Promise<void> {
  const survivors = await survey(machines);
  writeFileSync(
    `${process.env.HEIRLOOM_PROTOCOL_FOLDER}/simulation/survivors.json`,
    `${JSON.stringify(survivors, null, 2)}\n`,
  );
  console.log(JSON.stringify({ ...survivors, survivors: survivors.survivors.length }));
}

const [part, of] =
  /^(\d+)\/(\d+)$/
    .exec(options[options.indexOf("--part") + 1] ?? "")
    ?.slice(1)
    .map(Number) ?? [];
if (part !== undefined && of !== undefined) process.send?.(surveyPart(machines, scenarios, part, of));
else if (options.includes("--mutants")) await breakAll();
else exploreAll();
