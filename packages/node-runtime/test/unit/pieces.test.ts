import { expect, test } from "vitest";
import { piecesOf } from "../../src/state/pieces.js";

const cut = async (source: Parameters<typeof piecesOf>[0]) => {
  const pieces: [bytes: number, last: boolean][] = [];
  let all = Buffer.alloc(0);
  for await (const { bytes, last } of piecesOf(source)) {
    pieces.push([bytes.length, last]);
    all = Buffer.concat([all, bytes]);
  }
  return { pieces, all };
};

test.each([
  ["nothing", 0, [[0, true]]],
  ["a little", 5, [[5, true]]],
  ["just one piece", 65_536, [[65_536, true]]],
  [
    "one byte more",
    65_537,
    [
      [65_536, false],
      [1, true],
    ],
  ],
] as const)("%s is cut into pieces, the last of which is marked", async (_, bytes, expected) => {
  const source = Buffer.alloc(bytes, 7);
  const { pieces, all } = await cut(source);
  expect(pieces).toEqual(expected);
  expect(all.equals(source)).toBe(true);
});

// Red when pieces are passed on as they come: a million small ones were a million messages.
test("small parts are joined, and a buffer that is used again does no harm", async () => {
  const buffer = Buffer.alloc(3);
  const { pieces, all } = await cut(
    (function* () {
      for (let i = 0; i < 100_000; i += 1) yield buffer.fill(i % 256);
    })(),
  );
  expect(pieces.map(([bytes]) => bytes)).toEqual([65_536, 65_536, 65_536, 65_536, 37_856]);
  expect([all[0], all[3], all[299_999]]).toEqual([0, 1, 99_999 % 256]);
});

test("a generator is ended where nobody takes the rest", async () => {
  let ended = false;
  const source = (function* () {
    try {
      for (;;) yield Buffer.alloc(100_000);
    } finally {
      ended = true;
    }
  })();
  for await (const _ of piecesOf(source)) break;
  expect(ended).toBe(true);
});

test.each([["text"], [undefined], [null], [5], [{}], [["text"]]])("%j is no state", async (source) => {
  await expect(cut(source as never)).rejects.toThrow(/it gave out/);
});
