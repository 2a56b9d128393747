import { encodeMessage, HandoffError } from "@heirloom/protocol";
import { expect, test } from "vitest";
import { reasonFields } from "../../src/handoff/message-event.js";

// Red when the text goes out as it is: a hook that fails with a long message would take the parent down.
test.each([
  ["longer than the wire takes", "é".repeat(5_000)],
  ["cut inside a character", `a${"😀".repeat(1_000)}`],
  ["half a pair of surrogates", "\ud800 broke"],
  ["a byte order mark in front", "\ufeff\ufeffbroke"],
])("any reason can be sent: %s", (_, message) => {
  const fields = reasonFields(new HandoffError("HOOK_FAILED", { message }));
  expect(() => encodeMessage({ type: "abort", ...fields })).not.toThrow();
});

test("a reason that fits is sent as it is", () => {
  expect(reasonFields(new HandoffError("HOOK_FAILED", { message: "the hook broke" }))).toEqual({
    code: "HOOK_FAILED",
    message: "the hook broke",
  });
});
