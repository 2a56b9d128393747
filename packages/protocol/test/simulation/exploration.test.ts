import { describe, expect, it } from "vitest";
import { explore } from "../../simulation/explore.js";
import { scenarios } from "../../simulation/scenarios.js";
import { Coverage, rowNames } from "../../simulation/systematic.js";
import { unreachable } from "../../simulation/unreachable.js";
import { machines } from "./machines.js";

const coverage = new Coverage(machines);

describe("every promise holds in every world", () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))("%s", (_, scenario) => {
    const { worlds, counterexample } = explore(scenario, machines, { witness: coverage.witness });
    expect(counterexample).toBeUndefined();
    expect(worlds).toBeGreaterThan(10);
  });

  it("takes every row of both tables, but for those with a reason", () => {
    const never = rowNames(machines).filter((name) => !coverage.taken.has(name));
    expect(never.toSorted()).toEqual(Object.values(unreachable).flat().toSorted());
  });
});
