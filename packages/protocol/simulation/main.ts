import { childRole } from "../src/child/table.js";
import { parentRole } from "../src/parent/table.js";
import { explore } from "./explore.js";
import { deepScenarios, scenarios } from "./scenarios.js";

const off = Object.fromEntries(
  process.argv.filter((a) => a.startsWith("--without=")).map((a) => [a.slice(10), false]),
);
const only = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
for (const named of [...scenarios, ...(process.argv.includes("--deep") ? deepScenarios : [])]) {
  const scenario = { ...named, duties: { ...named.duties, ...off } };
  if (only !== undefined && !scenario.name.includes(only)) continue;
  const start = process.cpuUsage();
  const { worlds, moves, depth, ends, counterexample } = explore(scenario, {
    parent: parentRole,
    child: childRole,
  });
  const { user } = process.cpuUsage(start);
  console.log(
    `${scenario.name}: ${worlds} worlds, ${moves} moves, depth ${depth}, ${ends} ends, ${Math.round(user / 1000)} ms`,
  );
  if (counterexample !== undefined) {
    console.log(`  ${counterexample.invariant}: ${counterexample.why}`);
    for (const line of counterexample.schedule) console.log(`    ${line}`);
  }
}
