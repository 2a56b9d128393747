import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/limits.js";
import { bootstrapTypes } from "../../src/message.js";
import type { MapField } from "../../src/wire/map.js";
import { innerMaps, messages } from "../../src/wire/schema.js";

function read(path: string): string {
  return readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
}

/** The text under each heading, up to the next one. */
function sections(markdown: string): Map<string, string> {
  const parts = markdown.split(/^#+ (.+)$/m);
  const found = new Map<string, string>();
  for (let i = 1; i + 1 < parts.length; i += 2) found.set(parts[i] as string, parts[i + 1] as string);
  return found;
}

/** The rows of the tables in a text, without their heads. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

function rules(text: string): string[] {
  return text.split("\n").flatMap((line) => (line.startsWith("- ") ? [line.slice(2)] : []));
}

function entriesOf({ entries }: MapField<never>): string[][] {
  return entries
    .filter(([key]) => key !== "type")
    .map(([key, field]) => [`\`${key}\``, field.expected, field.optional === true ? "optional" : "required"]);
}

describe("messages.md", () => {
  const specification = sections(read("spec/v1/messages.md"));
  const maps = [
    ...Object.entries(messages).map(([type, schema]) => [type, schema] as const),
    ...innerMaps.map((schema) => [`${schema.name} map`, schema] as const),
  ] as unknown as [string, MapField<never>][];

  test.each(maps)(
    "%s: has the fields of the code, in the order of the wire, each with its meaning",
    (heading, schema) => {
      const table = rows(specification.get(heading) ?? "");
      expect(table.map((row) => row.slice(0, 3))).toEqual(entriesOf(schema));
      for (const row of table) expect(row[3]).toMatch(/\.$/);
    },
  );

  test.each(maps)("%s: has the rules of the code", (heading, schema) => {
    expect(rules(specification.get(heading) ?? "")).toEqual(schema.rules.map((rule) => rule.text));
  });

  // No digit in front: objects would not keep the order of such keys. No `_`: unknown keys may be called anything with one.
  test.each(maps)("%s: has keys that the wire writes in their short form", (_, schema) => {
    expect(schema.entries.length).toBeLessThan(16);
    for (const [key] of schema.entries) expect(key).toMatch(/^[a-z][A-Za-z0-9]{0,30}$/);
  });

  test("has no table that the code does not know", () => {
    const withTable = [...specification]
      .filter(([, text]) => rows(text).length > 0)
      .map(([heading]) => heading);
    expect(maps.map(([heading]) => heading)).toEqual(expect.arrayContaining(withTable));
  });

  test("has every anchor that the docstrings point to", () => {
    const anchors = [...read("packages/protocol/src/message.ts").matchAll(/messages\.md#([a-z-]+)/g)].map(
      ([, one]) => one,
    );
    expect(anchors.length).toBeGreaterThanOrEqual(18);
    expect([...specification.keys()]).toEqual(expect.arrayContaining(anchors));
  });
});

test("versions.md: freezes the messages that the code freezes", () => {
  const clause = /\*\*V-1\*\*[\s\S]*?\*\*frozen\*\*/.exec(read("spec/v1/versions.md"))?.[0] ?? "";
  expect([...clause.matchAll(/messages\.md#([a-z-]+)/g)].map(([, one]) => one)).toEqual([...bootstrapTypes]);
});

test("errors.md: has every code of error.ts once, and no other", () => {
  const codes = [...read("packages/protocol/src/error.ts").matchAll(/^ {2}\| "([A-Z0-9_]+)"/gm)].map(
    ([, code]) => code,
  );
  const listed = rows(read("spec/v1/errors.md")).map(([code]) => code?.replaceAll("`", ""));
  expect(codes.length).toBeGreaterThan(30);
  expect([...listed].sort()).toEqual([...codes].sort());
});

test("framing.md: names every limit of its own as the code has it", () => {
  const text = read("spec/v1/framing.md").replaceAll("\n", " ");
  const number = (value: number) => value.toLocaleString("en");
  expect(text).toContain(`It is 1 to ${number(limits.frameBytesMax)}.`);
  expect(text).toContain(`At most ${number(limits.depthMax)} maps and arrays`);
  expect(text).toContain(`at most ${number(limits.valuesMax)} values`);
  expect(text).toContain(`integer, 0 to ${number(limits.integerMax)}`);
});
