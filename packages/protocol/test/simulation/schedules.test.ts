import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutants } from "../../simulation/mutants.js";
import { replay, type Schedule, scenarioOf } from "../../simulation/schedule.js";
import { machines } from "./machines.js";

const folder = new URL("../../simulation/schedules/", import.meta.url);
const schedules = readdirSync(folder).map((file) => ({
  file,
  schedule: JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Schedule,
}));

function brokenMachines({ without }: Schedule) {
  if ("duty" in without) return machines;
  const mutant = Object.entries(mutants).find(([id]) => id === without.mutant)?.[1];
  if (mutant === undefined) throw new Error(`no mutant is called ${without.mutant}`);
  return mutant.breakIt(machines);
}

describe("schedules that once broke a promise", () => {
  it("are kept", () => expect(schedules).toHaveLength(18));

  describe.each(schedules)("$file: $schedule.name", ({ schedule }) => {
    it(`breaks ${schedule.violates} without what was done about it`, () => {
      const broken = replay(schedule.moves, scenarioOf(schedule, false), brokenMachines(schedule));
      expect([broken.made, broken.violation?.invariant]).toEqual([schedule.moves.length, schedule.violates]);
    });

    it("breaks nothing any more", () => {
      const { violation } = replay(schedule.moves, scenarioOf(schedule, true), machines);
      expect(violation).toBeUndefined();
    });
  });
});
