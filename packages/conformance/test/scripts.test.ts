import { describe, expect, test } from "vitest";
import { node, python } from "../src/implementation.js";
import { type Case, everyCase } from "../src/matrix.js";
import { perform } from "../src/perform.js";

const scripts = everyCase([node(), python()].filter((found) => found !== undefined))
  .filter(({ parent, child }) => parent.name === "script" || child.name === "script")
  .map((each): [string, Case] => [`${each.parent.name} -> ${each.child.name}: ${each.scenario.name}`, each]);

/** Frames that break the wire, messages that do not fit, offers that are wrong: at either end of a channel. */
describe("security S-5: whatever a peer writes", () => {
  test.for(scripts)("%s", async ([, each], { skip }) => {
    const result = await perform(each.scenario, each.parent, each.child);
    // Only where it says itself that it cannot be what the script is about.
    if (result.outcome === "unsupported") skip();
    expect(result).toEqual({ outcome: "passed" });
  });
});
