// Looks for bytes that are read as something else than a message, nothing, or a HandoffError, for as long as you like:
//   npm run build && node packages/protocol/scripts/fuzz.mjs [--seconds 10] [--seed 1]
// Starts from the vectors, changes them in ways that MessagePack is sensitive to, and goes on from those that are still messages.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decodeMessage, decodeOffer, encodeMessage, FrameDecoder, HandoffError } from "../dist/index.js";

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = Number(values.seconds ?? 10);
let seed = Number(values.seed ?? Date.now()) >>> 0;
console.log(`seed ${seed}, ${seconds} s`);

/** What is changed, and where pieces to insert come from. */
const seeds = [
  ...load("messages-valid", "frame").map((frame) => frame.subarray(4)),
  ...load("encodings-accepted", "payload"),
];
const pieces = [...seeds, ...load("frames-refused", "stream").map((stream) => stream.subarray(4))];
const small = seeds.filter((payload) => payload.length < 4_096);
const heads = [
  0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc2, 0xc4, 0xc6, 0xc7, 0xca, 0xcc, 0xcf, 0xd0, 0xd3, 0xd4, 0xd9, 0xdb, 0xdd,
  0xdf,
];
const outcomes = new Map();
const kept = new Set();

function load(name, member) {
  const url = new URL(`../../../spec/v1/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")).cases.map((one) =>
    Uint8Array.from(Buffer.from(one[member], "hex")),
  );
}

/** xorshift32: the same seed gives the same run. */
function random(below) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

function mutate(payload) {
  let bytes = Buffer.from(payload);
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const end = Math.min(bytes.length, at + random(16));
    const other = pieces[random(pieces.length)];
    const from = random(other.length + 1);
    const piece = other.subarray(from, from + random(24));
    const kind = random(6);
    if (kind === 0 && bytes.length > 0) bytes[at % bytes.length] = random(256);
    else if (kind === 1 && bytes.length > 0) bytes[at % bytes.length] = heads[random(heads.length)];
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(end)]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(at)]);
  }
  return new Uint8Array(bytes);
}

function outcomeOf(payload) {
  let message;
  try {
    message = decodeMessage(payload);
  } catch (error) {
    if (error instanceof HandoffError && /^(ENCODING|MESSAGE)_/.test(error.code)) return error.code;
    throw error;
  }
  if (message === undefined) return "ignored";
  const frame = encodeMessage(message);
  const again = encodeMessage(decodeMessage(frame.subarray(4)));
  if (Buffer.compare(frame, again) !== 0)
    throw new Error(`${message.type} is read differently the second time`);
  return message.type;
}

/** The same bytes as a stream of frames, and as an offer: neither may fail with anything but a HandoffError. */
function readOtherwise(payload) {
  const decoder = new FrameDecoder();
  for (const read of [
    () => decoder.push(payload),
    () => decoder.end(),
    () => decodeOffer(Buffer.from(payload).toString("base64url")),
  ]) {
    try {
      read();
    } catch (error) {
      if (!(error instanceof HandoffError)) throw error;
    }
  }
}

const end = Date.now() + seconds * 1_000;
let runs = 0;
for (; Date.now() < end; runs++) {
  const payload = mutate(small[random(small.length)]);
  try {
    const outcome = outcomeOf(payload);
    readOtherwise(payload);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const key = `${outcome} ${payload.length >> 3}`;
    if (!/^(ENCODING|MESSAGE)_/.test(outcome) && payload.length < 4_096 && !kept.has(key)) {
      kept.add(key);
      small.push(payload);
    }
  } catch (error) {
    console.error(`payload ${Buffer.from(payload).toString("hex")}`);
    throw error;
  }
}
console.log(`${runs} payloads, each a message, ignored, or a HandoffError:`);
for (const [outcome, count] of [...outcomes].sort((a, b) => b[1] - a[1]))
  console.log(`${String(count).padStart(9)} ${outcome}`);
