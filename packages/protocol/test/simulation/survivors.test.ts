import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reasonFor, unneeded } from "../../simulation/equivalents.js";
import { digestOf, type Survivors } from "../../simulation/survivors.js";
import { systematicMutants } from "../../simulation/systematic.js";
import { machines } from "./machines.js";

const file = new URL("../../simulation/survivors.json", import.meta.url);
const found = JSON.parse(readFileSync(file, "utf8")) as Survivors;

describe("what was taken away from the tables, and nobody noticed", () => {
  it("was found out about these tables", () => {
    // Where it was not: node packages/protocol/simulation/run.mjs explore --mutants
    expect(found.digest).toBe(digestOf(machines));
  });

  it("is everything that was tried, but for what a promise caught or what never happens", () => {
    const tried = [...systematicMutants(machines)].length;
    const caught = Object.values(found.caught).reduce((sum, count) => sum + count, 0);
    expect(caught + found.unreached + found.survivors.length).toBe(tried);
  });

  it("makes no difference, for a reason", () => {
    const names = new Set([...systematicMutants(machines)].map(({ name }) => name));
    expect(found.survivors.filter((name) => !names.has(name))).toEqual([]);
    expect(found.survivors.filter((name) => reasonFor(name) === undefined)).toEqual([]);
    expect(unneeded(found.survivors)).toEqual([]);
  });
});
