import { expect, test } from "vitest";
import { encodeFrame, FrameDecoder } from "../../src/wire/frame.js";
import { failureOf } from "./failure.js";

const mebibyte = 1_048_576;

test("a payload of exactly 1 MiB passes, one byte more does not", () => {
  const frame = encodeFrame(new Uint8Array(mebibyte));
  expect([...frame.subarray(0, 4)]).toEqual([0, 0x10, 0, 0]);
  expect(new FrameDecoder().push(frame)[0]?.length).toBe(1_048_576);
  expect(failureOf(() => encodeFrame(new Uint8Array(mebibyte + 1)))?.code).toBe("FRAME_TOO_LARGE");
});

test("an empty payload is no frame", () => {
  expect(failureOf(() => encodeFrame(new Uint8Array(0)))?.code).toBe("FRAME_EMPTY");
});

test("a failed stream stays failed, with the same error", () => {
  const decoder = new FrameDecoder();
  const failure = failureOf(() => decoder.push(Uint8Array.of(0, 0, 0, 0)));
  expect(failure?.code).toBe("FRAME_EMPTY");
  expect(failureOf(() => decoder.push(Uint8Array.of(0, 0, 0, 1, 7)))).toBe(failure);
  expect(failureOf(() => decoder.end())).toBe(failure);
  expect(decoder.failure).toBe(failure);
});

test("a frame in front of a broken one is delivered, and the failure can be seen at once", () => {
  const decoder = new FrameDecoder();
  expect(decoder.push(Uint8Array.of(0, 0, 0, 1, 7, 0, 0, 0, 0))).toEqual([Uint8Array.of(7)]);
  expect(decoder.failure?.code).toBe("FRAME_EMPTY");
  expect(failureOf(() => decoder.push(Uint8Array.of(1)))).toBe(decoder.failure);
});

test("a stream that was cut short stays so", () => {
  const decoder = new FrameDecoder();
  decoder.push(Uint8Array.of(0, 0));
  const failure = failureOf(() => decoder.end());
  expect(failure?.code).toBe("FRAME_TRUNCATED");
  expect(failureOf(() => decoder.push(Uint8Array.of(0, 1, 7)))).toBe(failure);
});

test("a stream may end where a frame does", () => {
  const decoder = new FrameDecoder();
  decoder.end();
  decoder.push(Uint8Array.of(0, 0, 0, 1, 7));
  decoder.end();
  expect(decoder.failure).toBeUndefined();
});

test("payloads are the caller's: the chunk may be used again", () => {
  const chunk = Uint8Array.of(0, 0, 0, 2, 1, 2);
  const [payload] = new FrameDecoder().push(chunk);
  chunk.fill(0xff);
  expect(payload).toEqual(Uint8Array.of(1, 2));
});

test("a Buffer gives plain bytes", () => {
  const [payload] = new FrameDecoder().push(Buffer.from([0, 0, 0, 1, 7]));
  expect(payload?.constructor).toBe(Uint8Array);
});

test("a large announced length costs nothing before its bytes come", () => {
  const decoders = Array.from({ length: 2_000 }, () => new FrameDecoder());
  const before = process.memoryUsage().arrayBuffers;
  for (const decoder of decoders) decoder.push(Uint8Array.of(0, 0x10, 0, 0, 1));
  // Allocated at once, these frames would be 2 GiB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * mebibyte);
});

test("a frame of 1 MiB in single bytes is read in linear time: copying all of it each time would take minutes", () => {
  const frame = encodeFrame(new Uint8Array(mebibyte));
  const decoder = new FrameDecoder();
  let payloads = 0;
  for (let at = 0; at < frame.length; at++) payloads += decoder.push(frame.subarray(at, at + 1)).length;
  expect(payloads).toBe(1);
});
