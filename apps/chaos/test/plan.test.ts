import { expect, it } from "vitest";
import { cellsLike, planTurns } from "../src/plan/plan.js";

it("a run goes on from any of its rounds as it would have gone", () => {
  const cells = cellsLike(["sigkill"]);
  expect(planTurns(cells, 7, 1, 4)).toEqual(planTurns(cells, 7, 1).slice(3 * cells.length));
});
