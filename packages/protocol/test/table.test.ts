import { describe, expect, it } from "vitest";
import { HandoffError } from "../src/error.js";
import { type Role, rowsOf, step } from "../src/table.js";

type Light = Role<"red" | "green", "pressed" | "waited", "walk" | "wait" | "beep", "hurried">;

const light: Light = {
  name: "light",
  initial: ["red"],
  deadlines: {},
  table: {
    red: {
      pressed: [
        { when: "hurried", next: "green", effects: ["beep", "walk"], forgets: "hurried" },
        { next: "red", notes: "hurried" },
      ],
      waited: { ignored: "it is red already" },
    },
    green: { waited: { next: "red", effects: ["wait"] } },
  },
};

describe("step", () => {
  it("takes the first row that applies", () => {
    const first = step(light, { state: "red", facts: [] }, "pressed");
    expect(first).toEqual({ position: { state: "red", facts: ["hurried"] }, effects: [] });
    const second = step(light, first.position, "pressed");
    expect(second).toEqual({ position: { state: "green", facts: [] }, effects: ["beep", "walk"] });
  });

  it("notes a fact once", () => {
    const noted: Light = {
      ...light,
      table: { ...light.table, red: { pressed: { next: "red", notes: "hurried" } } },
    };
    expect(step(noted, { state: "red", facts: ["hurried"] }, "pressed").position.facts).toEqual(["hurried"]);
  });

  it("leaves everything as it is for an ignored event, and says why", () => {
    const position = { state: "red", facts: ["hurried"] } as const;
    const taken = step(light, position, "waited");
    expect(taken.position).toBe(position);
    expect(taken).toMatchObject({ effects: [], ignored: "it is red already" });
  });

  it("refuses an event that has no row, and changes nothing", () => {
    const position = Object.freeze({ state: "green", facts: Object.freeze(["hurried"] as const) } as const);
    const take = () => step(light, position, "pressed");
    expect(take).toThrow(HandoffError);
    expect(take).toThrow("the light has no row for pressed in state green: nothing was changed");
    expect(position).toEqual({ state: "green", facts: ["hurried"] });
  });

  it("refuses an event that is named like a property of every object", () => {
    expect(() => step(light, { state: "red", facts: [] }, "toString" as "pressed")).toThrow(
      "no row for toString",
    );
  });

  it("refuses an event of whose rows none applies", () => {
    const strict: Light = {
      ...light,
      table: { ...light.table, red: { pressed: [{ when: "hurried", next: "green" }] } },
    };
    expect(() => step(strict, { state: "red", facts: [] }, "pressed")).toThrow("no row for pressed");
  });
});

describe("rowsOf", () => {
  it("makes a list of every kind of cell", () => {
    expect(rowsOf(undefined)).toEqual([]);
    expect(rowsOf({ ignored: "why" })).toEqual([]);
    expect(rowsOf({ next: "red" })).toEqual([{ next: "red" }]);
    expect(rowsOf([{ when: "hurried", next: "red" }, { next: "green" }])).toHaveLength(2);
  });
});
