import fc from "fast-check";
import { expect, test } from "vitest";
import { unpack } from "../../src/wire/msgpack.js";
import { failureOf } from "./failure.js";
import { fromHex } from "./vectors.js";

/*
 * Two readers of the same bytes must not differ: whatever the scan passes, the library reads as the specification says. The
 * bytes are written here, in every form that a sender may choose.
 */

const utf8 = new TextEncoder();
/** U+FEFF in front is not part of the profile. */
const string = fc.string({ unit: "grapheme", maxLength: 90 }).filter((text) => !text.startsWith("\ufeff"));
const key = fc.oneof(fc.constantFrom("type", "constructor", "toString", ""), string);
const width = fc.constantFrom(1, 2, 4);

function sized(first: number, width: number, size: number): number[] {
  const form = first + [1, 2, 4].indexOf(width);
  return [form, ...bigEndian(size, width)];
}

function bigEndian(value: number, width: number): number[] {
  return Array.from({ length: width }, (_, index) => Math.floor(value / 256 ** (width - 1 - index)) % 256);
}

type Written = readonly [value: unknown, bytes: number[]];

function writtenText(text: string, width: number): Written {
  const bytes = [...utf8.encode(text)];
  return [text, [...sized(0xd9, bytes.length > 255 && width === 1 ? 2 : width, bytes.length), ...bytes]];
}

const scalar: fc.Arbitrary<Written> = fc.oneof(
  fc.boolean().map((value): Written => [value, [value ? 0xc3 : 0xc2]]),
  fc.nat({ max: 127 }).map((value): Written => [value, [value]]),
  fc
    .tuple(fc.nat({ max: 127 }), fc.constantFrom(0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3))
    .map(([value, head]): Written => [value, [head, ...bigEndian(value, 2 ** ((head - 0xcc) % 4))]]),
  fc
    .tuple(fc.integer({ min: 128, max: 4_294_967_295 }), fc.constantFrom(0xcf, 0xd3))
    .map(([value, head]): Written => [value, [head, ...bigEndian(value, 8)]]),
  fc
    .integer({ min: 128, max: 4_294_967_295 })
    .map((value): Written => [value, [0xce, ...bigEndian(value, 4)]]),
  fc.tuple(string, width).map(([text, width]) => writtenText(text, width)),
  fc
    .tuple(fc.uint8Array({ maxLength: 200 }), width)
    .map(([value, width]): Written => [value, [...sized(0xc4, width, value.length), ...value]]),
);

function writtenArray(items: readonly Written[], isWide: boolean): Written {
  const head = items.length < 16 && !isWide ? [0x90 + items.length] : [0xdc, ...bigEndian(items.length, 2)];
  return [items.map(([value]) => value), [...head, ...items.flatMap(([, bytes]) => bytes)]];
}

function writtenMap(entries: readonly (readonly [string, Written])[], isWide: boolean): Written {
  const head =
    entries.length < 16 && !isWide ? [0x80 + entries.length] : [0xde, ...bigEndian(entries.length, 2)];
  const body = entries.flatMap(([key, [, bytes]]) => [...writtenText(key, 1)[1], ...bytes]);
  return [Object.fromEntries(entries.map(([key, [value]]) => [key, value])), [...head, ...body]];
}

function container(item: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  const entries = fc.uniqueArray(fc.tuple(key, item), { selector: ([key]) => key, maxLength: 40 });
  return fc.oneof(
    fc
      .tuple(fc.array(item, { maxLength: 20 }), fc.boolean())
      .map(([items, isWide]) => writtenArray(items, isWide)),
    fc.tuple(entries, fc.boolean()).map(([entries, isWide]) => writtenMap(entries, isWide)),
  );
}

test("every value of the profile is read as it was written, in whatever form", () => {
  const value = fc.oneof(scalar, container(scalar), container(fc.oneof(scalar, container(scalar))));
  fc.assert(
    fc.property(value, ([value, bytes]) => {
      fc.pre(!JSON.stringify(value).includes("__proto__"));
      expect(unpack(Uint8Array.from(bytes))).toEqual(value);
    }),
    { numRuns: 1_000 },
  );
});

test("a key that stands twice is found wherever it stands", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { minLength: 1, maxLength: 80 }),
      fc.nat(),
      fc.nat(),
      width,
      (keys, one, at, width) => {
        const again = keys[one % keys.length] as string;
        const all = keys.map((key) => [...writtenText(key, 1)[1], 0]);
        all.splice(at % (all.length + 1), 0, [...writtenText(again, width)[1], 0]);
        const payload = Uint8Array.from([0xde, ...bigEndian(all.length, 2), ...all.flat()]);
        expect(failureOf(() => unpack(payload))?.code).toBe("ENCODING_KEY_DUPLICATE");
      },
    ),
    { numRuns: 300 },
  );
});

test("no key reaches a prototype", () => {
  // {__proto__: {polluted: true}, __proto_: 1}
  const payload = fromHex("82a95f5f70726f746f5f5f81a8706f6c6c75746564c3a85f5f70726f746f5f01");
  const value = unpack(payload) as object;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect("polluted" in value).toBe(false);
  expect("polluted" in {}).toBe(false);
});

test("a large announced length costs nothing, and the next payload is read as if nothing had been", () => {
  for (const hex of ["dd00003fff", "9fdc3000", "df00001fff", "c6ffffffff"]) {
    expect(failureOf(() => unpack(fromHex(hex)))?.code).toBe("ENCODING_MALFORMED");
    expect(unpack(fromHex("81a16101"))).toStrictEqual({ a: 1 });
  }
});
