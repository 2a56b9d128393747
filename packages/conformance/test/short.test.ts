import { describe, expect, test } from "vitest";
import { node, python } from "../src/implementation.js";
import { everyCase } from "../src/matrix.js";
import { perform } from "../src/perform.js";

const known = python();
const short = [
  "normal",
  "crash: child before ready",
  "crash: child after commit, before committed",
  "crash: parent after ready",
];
const both = [...short, "refuse: the child speaks other versions", "a Unix-domain socket, inherited"];

const cases = everyCase(known ? [node(), known] : [node()]);
const named = (parent: string, child: string, names: readonly string[]) =>
  cases
    .filter((each) => each.parent.name === parent && each.child.name === child)
    .filter(({ scenario }) => names.includes(scenario.name));

const here = node().name;

/** No refused client ever, no lost answer but what a killed process had accepted, one survivor, nothing left behind. */
describe.each([
  [here, here, short],
  [here, "python", both],
  ["python", here, both],
])("INV-1, INV-2, INV-4, INV-5: %s hands over to %s", (parent, child, names) => {
  const missing = known === undefined && (parent === "python" || child === "python");
  test.skipIf(missing).each(names)("%s", async (name) => {
    const [found] = named(parent, child, [name]);
    expect(found, `a scenario called ${name}`).toBeDefined();
    expect(await perform(found!.scenario, found!.parent, found!.child)).toEqual({ outcome: "passed" });
  });
});
