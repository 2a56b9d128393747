import { expect, test } from "vitest";
import type { Abort, Progress, State } from "../../src/message.js";
import { boolean, bytes, integer, oneOf, optional, text } from "../../src/wire/field.js";
import { taggedMap } from "../../src/wire/map.js";

const short = text(1, 64);

// What must not compile is the test here: the type checker fails on an expectation that no error meets.
test("a schema has exactly the fields of its type", () => {
  const abort = taggedMap<Abort, "type">("type", "abort", { code: short, message: short });
  // @ts-expect-error: `message` is missing
  taggedMap<Abort, "type">("type", "abort", { code: short });
  // @ts-expect-error: `reason` is not in the type
  taggedMap<Abort, "type">("type", "abort", { code: short, message: short, reason: short });
  // @ts-expect-error: another type
  taggedMap<Abort, "type">("type", "abort", { code: short, message: integer(0, 1) });
  // @ts-expect-error: required in the type
  taggedMap<Abort, "type">("type", "abort", { code: short, message: optional(short) });
  // @ts-expect-error: optional in the type
  taggedMap<Progress, "type">("type", "progress", { step: short, permille: integer(0, 1) });
  const rest = { stream: short, bytes: bytes(0, 1), last: boolean };
  // @ts-expect-error: less than the type has
  taggedMap<State, "type">("type", "state", { ...rest, phase: oneOf("warm") });
  // @ts-expect-error: more than the type has
  taggedMap<State, "type">("type", "state", { ...rest, phase: oneOf("warm", "final", "hot") });
  // @ts-expect-error: the name of another message
  taggedMap<Abort, "type">("type", "refuse", { code: short, message: short });
  expect(abort.entries.map(([key]) => key)).toEqual(["type", "code", "message"]);
});
