// Prints how fast messages are written and read: the first ones of a process, as in a handoff, and then many, against JSON in the
// same run. Takes the built package:
//   npm run build && node packages/protocol/scripts/bench-codec.mjs [milliseconds per measurement]
import { performance } from "node:perf_hooks";

const importStart = performance.now();
const { decodeMessage, encodeMessage } = await import("../dist/index.js");
const importMs = performance.now() - importStart;

const measureMs = Number(process.argv[2] ?? 600);
const rounds = 150;
const batches = 5;

const messages = {
  accept: { type: "accept", version: 1, features: ["connections", "state"], pid: 48213 },
  ready: {
    type: "ready",
    listeners: [
      { name: "http", disposition: "inherited" },
      { name: "metrics", disposition: "created" },
    ],
  },
  offer: {
    type: "offer",
    protocol: { min: 1, max: 1 },
    generation: 7,
    parent: { pid: 48102 },
    channel: 3,
    listeners: [
      listener("http", { kind: "tcp", host: "0.0.0.0", port: 8080 }, 5),
      listener("admin", { kind: "unix", path: "/run/service/admin.sock" }, 7),
      listener("statsd", { kind: "udp", host: "127.0.0.1", port: 8125 }, 9),
    ],
    deadlines: { commitMs: 5000 },
    features: ["connections", "state"],
  },
  state: {
    type: "state",
    stream: "sessions",
    phase: "final",
    version: 1,
    bytes: Uint8Array.from({ length: 16_384 }, (_, i) => i),
    last: true,
  },
  connections: connections(7),
};

function listener(name, address, descriptor) {
  return { name, address, descriptor, custody: descriptor + 1, inode: String(48_000_000 + descriptor) };
}

/** A full batch, each connection idle for another time. */
function connections(batch) {
  const idle = { listener: "web", protocol: "http/1.1", still: true, served: 3 };
  const all = Array.from({ length: 253 }, (_, i) => ({ ...idle, idleMs: 1_000 + 7 * i }));
  return { type: "connections", batch, connections: all };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Nanoseconds per call, in a round so short that another process seldom comes in between. */
function measure(call) {
  const end = performance.now() + measureMs / rounds;
  let calls = 0;
  const start = process.hrtime.bigint();
  while (performance.now() < end) {
    for (let i = 0; i < 20; i++) call();
    calls += 20;
  }
  return Number(process.hrtime.bigint() - start) / calls;
}

/** All in turns, so that whatever else the machine does falls on all of them; the lower quartile of each. */
function compare(...calls) {
  const found = calls.map(() => []);
  for (let round = -10; round < rounds; round++) {
    for (const [i, call] of calls.entries()) {
      const ns = measure(call);
      if (round >= 0) found[i].push(ns);
    }
  }
  return found.map((all) => all.sort((a, b) => a - b)[(rounds / 4) | 0]);
}

/** JSON has no bytes: base64 is what people use instead. */
function toJson(message) {
  const { bytes } = message;
  if (bytes === undefined) return encoder.encode(JSON.stringify(message));
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  return encoder.encode(JSON.stringify({ ...message, bytes: base64 }));
}

function fromJson(text) {
  const message = JSON.parse(decoder.decode(text));
  if (message.bytes !== undefined) message.bytes = Buffer.from(message.bytes, "base64");
  return message;
}

/** Nanoseconds. */
function time(call) {
  const start = process.hrtime.bigint();
  call();
  return Number(process.hrtime.bigint() - start);
}

const first = time(() => decodeMessage(encodeMessage(messages.accept).subarray(4)));
console.log(`import ${importMs.toFixed(1)} ms, first message ${(first / 1e6).toFixed(1)} ms`);

const cold = Array.from({ length: batches }, (_, batch) => {
  const message = connections(batch + 1);
  let frame;
  const encode = time(() => {
    frame = encodeMessage(message);
  });
  return { encode, decode: time(() => decodeMessage(frame.subarray(4))) };
});
for (const what of ["encode", "decode"]) {
  const each = cold.map((batch) => (batch[what] / 253e3).toFixed(1)).join(", ");
  console.log(
    `the first ${batches} batches of connections, ${what}: ${each} microseconds for each connection`,
  );
}

for (const [name, message] of Object.entries(messages)) {
  const payload = encodeMessage(message).subarray(4);
  const bytes = toJson(message);
  const text = decoder.decode(bytes);
  const [encode, jsonEncode, jsonText, decode, jsonDecode, jsonParse] = compare(
    () => encodeMessage(message),
    () => toJson(message),
    () => JSON.stringify(message),
    () => decodeMessage(payload),
    () => fromJson(bytes),
    () => JSON.parse(text),
  );
  const report = (what, ours, json, bare) =>
    console.log(
      `${name.padEnd(11)} ${what} ${ours.toFixed(0)} ns; JSON ${json.toFixed(0)}: ${(json / ours).toFixed(2)} times its speed` +
        (message.bytes === undefined
          ? `; JSON that stays text ${bare.toFixed(0)}: ${(bare / ours).toFixed(2)}`
          : ""),
    );
  report("encode", encode, jsonEncode, jsonText);
  report("decode", decode, jsonDecode, jsonParse);
  report("both  ", encode + decode, jsonEncode + jsonDecode, jsonText + jsonParse);
  console.log(`${payload.length} bytes, JSON ${bytes.length}`);
}
