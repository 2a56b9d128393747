import { expect, test } from "vitest";
import { plain } from "../src/view/terminal.js";
import { age, ends, milliseconds } from "../src/view/units.js";

test("text of a service cannot move the cursor, colour the terminal or begin a line", () => {
  expect(plain("\u001b[31mred\u001b[0m")).toBe("red");
  expect(plain("a\u001b]0;title\u0007b\r\nc\u202Ed")).toMatch(/^[ -~\uFFFD]+$/);
  expect(plain("tab\tü ✓")).toBe("tab ü ✓");
});

test("times are told in the unit that a person thinks in", () => {
  expect([0.24, 9.96, 87.9, 1_500].map(milliseconds)).toEqual(["0.2 ms", "10.0 ms", "88 ms", "1.5 s"]);
  expect([900, 65_000, 7_200_000, 200_000_000].map(age)).toEqual(["0 s", "1 min", "2 h", "2 d"]);
});

test("what became of connections is told in words, and only what there was", () => {
  expect(ends({ moved: 12, finished: 1, closed: 0, cut: 2, durationMs: 9 })).toBe(
    "12 connections moved, 1 finished, 2 cut at the drain deadline",
  );
  expect(ends({ finished: 1, cut: 0 })).toBe("1 connection finished");
  expect(ends({ moved: 0 })).toBe("no connection was open");
});
