import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { node, repositoryRoot } from "../src/implementation.js";
import { everyCase } from "../src/matrix.js";

test("the specification lists the scenarios, with who is left, as they are performed", () => {
  const text = readFileSync(join(repositoryRoot, "spec", "conformance", "scenarios.md"), "utf8");
  const rows = [...text.matchAll(/^\| (?!scenario|---)([^|]+) \| ([^|]+) \|/gm)];
  const listed = rows.map(([, name, second]) => {
    // The child's scripts without connections have no such column: it is 1 in all of them.
    const survivor = /^([123]|nobody)$/.test(second!) ? second : "1";
    return `${name}: ${survivor}`;
  });
  const performed = everyCase([node()]).map(({ scenario }) => `${scenario.name}: ${scenario.survivor}`);
  expect(listed.sort()).toEqual(performed.sort());
});
