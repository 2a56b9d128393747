import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import type { Message } from "../../src/message.js";
import { vectors } from "./vectors.js";

async function bundle(options: { format: "iife" | "esm"; external?: string[] }): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    globalName: "protocol",
    platform: "browser",
    target: "es2022",
    ...options,
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

/** The type of the message in a payload, or the code of the error. */
const codeOf = `
  (hex) => {
    try {
      return protocol.decodeMessage(Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16))).type;
    } catch (error) {
      return error.code;
    }
  }
`;

describe("the package as a browser gets it", async () => {
  const code = await bundle({ format: "iife" });

  test("runs with nothing but the language: no global of a browser or of Node.js, no code from strings", () => {
    const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
    runInContext(code, context);
    const frames = vectors<{ message: Message; frame: string }>("messages-valid").map(({ frame }) => frame);
    expect([...runInContext(roundTrip, context)(frames)]).toEqual(frames);
  });

  test("survives a frozen Object.prototype, which forbids some keys", () => {
    const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
    runInContext(`Object.freeze(Object.prototype); ${code}`, context);
    // {type: "commit"}, then the same with `toString: 1`
    expect(runInContext(codeOf, context)("81a474797065a6636f6d6d6974")).toBe("commit");
    expect(runInContext(codeOf, context)("82a474797065a6636f6d6d6974a8746f537472696e6701")).toBe(
      "ENCODING_MALFORMED",
    );
  });

  test.each([/\bnode:/, /\brequire\b/, /\bprocess\s*[.[?]/, /\bFunction\s*\(/, /\beval\b/, /\bimport\b/])(
    "does not mention %s",
    (forbidden) => {
      expect(code).not.toMatch(forbidden);
    },
  );

  test("takes only msgpackr's reader without code from strings, from one file, and mentions no Buffer itself", async () => {
    const own = await bundle({ format: "esm", external: ["msgpackr"] });
    expect(own.match(/"msgpackr[^"]*"/g)).toEqual(['"msgpackr/unpack-no-eval"']);
    expect(own).not.toMatch(/\bBuffer\b/);
  });

  test("has at most 20 kB, compressed", () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(20_000);
  });
});
