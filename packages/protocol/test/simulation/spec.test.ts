import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { specFiles } from "../../simulation/spec/files.js";

const folder = new URL("../../../../spec/v1/", import.meta.url);

describe("the specification says what the tables say", () => {
  it.each([...specFiles()])("%s", (path, text) => {
    // Where it does not: node packages/protocol/simulation/run.mjs spec
    expect(readFileSync(new URL(path, folder), "utf8")).toBe(text);
  });
});
