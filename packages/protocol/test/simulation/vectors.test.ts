import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Vector, VectorStep } from "../../simulation/spec/vectors.js";
import { childRole } from "../../src/child/table.js";
import { HandoffError } from "../../src/error.js";
import { parentRole } from "../../src/parent/table.js";
import { type Role, step } from "../../src/table.js";

type AnyRole = Role<string, string, string, string>;

const folder = new URL("../../../../spec/v1/vectors/machines/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
const roles: Record<string, AnyRole> = {
  parent: parentRole as unknown as AnyRole,
  child: childRole as unknown as AnyRole,
};

function stepsOf(role: AnyRole, { start, steps }: Vector): VectorStep[] {
  let position = start;
  return steps.map(({ event }): VectorStep => {
    try {
      const taken = step(role, position, event);
      position = taken.position;
      const ignored = taken.ignored === undefined ? {} : { ignored: true as const };
      return { event, ...position, effects: taken.effects, ...ignored };
    } catch (error) {
      expect(error).toMatchObject({ code: "EVENT_UNEXPECTED" });
      expect(error).toBeInstanceOf(HandoffError);
      return { event, ...position, effects: [], refused: true };
    }
  });
}

describe("the vectors of the machines", () => {
  it("are four files", () => {
    expect(files.toSorted()).toEqual(["child-rows.json", "child.json", "parent-rows.json", "parent.json"]);
  });

  it.each(files)("%s", (file) => {
    const { role, sequences } = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
    expect(sequences.length).toBeGreaterThan(20);
    for (const vector of sequences as Vector[]) {
      expect({ name: vector.name, steps: stepsOf(roles[role]!, vector) }).toEqual({
        name: vector.name,
        steps: vector.steps,
      });
    }
  });
});
