import { expect, test } from "vitest";
import { node } from "../src/implementation.js";
import { perform } from "../src/perform.js";
import { handOver, type Scenario } from "../src/scenario.js";
import { argumentsOf, scriptedChild } from "../src/scenarios/scripts.js";

// Red when it waits to see the child alive: a runner that gets no processor for as long as that lives has missed it.
test("a child that came and went while nobody looked is gone", async () => {
  const scenario: Scenario = {
    name: "half a frame",
    survivor: 1,
    withoutLoad: true,
    child: { args: argumentsOf("half a frame") },
    async play(play) {
      await handOver(play);
      while (play.program.successors.length === 0);
      while (play.program.successors.length > 0);
      await play.program.untilASuccessorIsGone();
    },
  };
  expect(await perform(scenario, node(), scriptedChild)).toEqual({ outcome: "passed" });
});
