import { expect, test } from "vitest";
import { checkCarryOptions } from "../../src/state/carry-options.js";
import { Streams } from "../../src/state/streams.js";

const both = { export: () => Buffer.alloc(0), import: () => {} };

test("a stream has version 1, and writes no older one, where it says nothing else", () => {
  expect(checkCarryOptions("a", both)).toMatchObject({ version: 1, oldestVersion: 1, warm: undefined });
  expect(checkCarryOptions("a", { ...both, version: 7 })).toMatchObject({ version: 7, oldestVersion: 7 });
});

test.each([
  ["", both, /1 to 64 bytes/],
  ["ä".repeat(33), both, /1 to 64 bytes/],
  ["heirloom.mine", both, /reserved/],
  ["a", { ...both, version: 0 }, /version 0/],
  ["a", { ...both, version: 1.5 }, /version 1.5/],
  ["a", { ...both, version: 2, oldestVersion: 3 }, /above version 2/],
  ["a", { import: both.import }, /one to import it/],
  ["a", { export: both.export }, /one to import it/],
  ["a", { ...both, warm: true }, /warm must be a function/],
])("stream %j with %o is refused", (name, options, message) => {
  const check = () => checkCarryOptions(name, options as never);
  expect(check).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringMatching(message) }),
  );
});

test("a name stands once, and there are at most 64", () => {
  const streams = new Streams();
  for (let i = 0; i < 64; i += 1) streams.add(checkCarryOptions(`s${i}`, both));
  expect(() => streams.add(checkCarryOptions("s1", both))).toThrow(/two streams are called "s1"/);
  expect(() => streams.add(checkCarryOptions("another", both))).toThrow(/at most 64 streams/);
});
