// Writes spec/v1/vectors/*.json from the cases in ./vectors and the built package:
//   npm run build && node packages/protocol/scripts/generate-vectors.mjs [--check]
// --check writes nothing, and fails where a file is not what it would write.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  decodeMessage,
  decodeOffer,
  encodeMessage,
  encodeOffer,
  FrameDecoder,
  HandoffError,
  negotiate,
} from "../dist/index.js";
import { acceptedEncodings } from "./vectors/accepted.mjs";
import { hex, toJson } from "./vectors/bytes.mjs";
import { validMessages } from "./vectors/messages.mjs";
import { negotiations } from "./vectors/negotiation.mjs";
import { futureOffers, refusedOffers, validOffers } from "./vectors/offers.mjs";
import { refusedFrames } from "./vectors/refused.mjs";
import { splitStreams } from "./vectors/split.mjs";

// Only the bytes of valid messages are taken from the code. Everything else is written down in ./vectors, and the code has
// to agree before a file is written.
const files = {
  "messages-valid": validMessages.map(([name, message]) => {
    const frame = encodeMessage(message);
    agree(name, toJson(decodeMessage(frame.subarray(4))), toJson(message));
    return { name, message: toJson(message), frame: hex(frame) };
  }),
  "encodings-accepted": acceptedEncodings.map(([name, payload, message]) => {
    agree(name, toJson(decodeMessage(payload)), toJson(message));
    return { name, payload: hex(payload), message: toJson(message ?? null) };
  }),
  "frames-split": splitStreams.map(([name, chunks, payloads, code]) => {
    return { name, chunks: chunks.map(hex), payloads: payloads.map(hex), code: code ?? null };
  }),
  "frames-refused": refusedFrames.map(([name, stream, code]) => {
    agree(
      name,
      codeOf(() => read(stream)),
      code,
    );
    return { name, stream: hex(stream), code };
  }),
  negotiation: negotiations.map(([name, [parentMin, parentMax], [childMin, childMax], version]) => {
    const parent = { min: parentMin, max: parentMax };
    const child = { min: childMin, max: childMax };
    agree(name, negotiate(parent, child) ?? null, version);
    return { name, parent, child, version };
  }),
  "offers-valid": [
    ...validOffers.map(([name, offer]) => ({ name, text: encodeOffer(offer), offer, canonical: true })),
    ...futureOffers.map(([name, frame, offer]) => {
      const text = Buffer.from(frame).toString("base64url");
      agree(name, decodeOffer(text), offer);
      return { name, text, offer, canonical: false };
    }),
  ],
  "offers-refused": refusedOffers.map(([name, text]) => {
    agree(
      name,
      codeOf(() => decodeOffer(text)),
      "OFFER_INVALID",
    );
    return { name, text, code: "OFFER_INVALID" };
  }),
};

function read(stream) {
  const decoder = new FrameDecoder();
  const payloads = decoder.push(stream);
  decoder.end();
  for (const payload of payloads) decodeMessage(payload);
}

function codeOf(call) {
  try {
    call();
  } catch (error) {
    if (error instanceof HandoffError) return error.code;
    throw error;
  }
  return undefined;
}

function agree(name, found, expected) {
  const [a, b] = [sorted(found), sorted(expected)];
  if (a !== b) throw new Error(`${name}: the code says ${a}, the case says ${b}`);
}

function sorted(value) {
  const sortKeys = (_, one) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one;
  return JSON.stringify(value, sortKeys);
}

let stale = 0;
for (const [name, cases] of Object.entries(files)) {
  const names = new Set(cases.map((one) => one.name));
  if (names.size !== cases.length) throw new Error(`${name}: a name stands twice`);
  const path = fileURLToPath(new URL(`../../../spec/v1/vectors/${name}.json`, import.meta.url));
  const text = `${JSON.stringify({ cases }, undefined, 1)}\n`;
  if (process.argv.includes("--check")) {
    if (readFileSync(path, "utf8") === text) continue;
    console.error(`spec/v1/vectors/${name}.json is not what its generator writes`);
    stale++;
  } else {
    writeFileSync(path, text);
    console.log(`${name}: ${cases.length}`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
