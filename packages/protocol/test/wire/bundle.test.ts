import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import type { Message } from "../../src/message.js";
import { vectors } from "./vectors.js";

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    globalName: "protocol",
    platform: "browser",
    target: "es2022",
  });
  return outputFiles[0]?.text ?? "";
}

/** Runs in the bare context: bytes go in and out as hex digits. */
const roundTrip = `
  (frames) => frames.map((hex) => {
    const frame = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
    const [payload] = new protocol.FrameDecoder().push(frame);
    const message = protocol.decodeMessage(payload);
    if (message.type === "offer") protocol.decodeOffer(protocol.encodeOffer(message));
    return Array.from(protocol.encodeMessage(message), (byte) => byte.toString(16).padStart(2, "0")).join("");
  })
`;

describe("the package as a browser gets it", async () => {
  const code = await bundle();

  test("runs with nothing but the language: no global of a browser or of Node.js, no code from strings", () => {
    const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
    runInContext(code, context);
    const frames = vectors<{ message: Message; frame: string }>("messages-valid").map(({ frame }) => frame);
    expect([...runInContext(roundTrip, context)(frames)]).toEqual(frames);
  });

  test.each([
    /\bnode:/,
    /\brequire\b/,
    /\bBuffer\b/,
    /\bprocess\s*[.[?]/,
    /\bFunction\s*\(/,
    /\beval\b/,
    /\bimport\b/,
  ])("does not mention %s", (forbidden) => {
    expect(code).not.toMatch(forbidden);
  });

  test("has at most 20 kB, compressed", () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(20_000);
  });
});
