import { describe, expect, test } from "vitest";
import type { Message, Offer } from "../../src/message.js";
import { negotiate, type VersionRange } from "../../src/version.js";
import { decodeMessage, encodeMessage } from "../../src/wire/codec.js";
import { encodeFrame, FrameDecoder } from "../../src/wire/frame.js";
import { decodeOffer, encodeOffer } from "../../src/wire/offer.js";
import { messages } from "../../src/wire/schema.js";
import { failureOf } from "./failure.js";
import { fromHex, toHex, vectors } from "./vectors.js";

describe("messages-valid", () => {
  const cases = vectors<{ name: string; message: Message; frame: string }>("messages-valid");

  test.each(cases)("$name", ({ message, frame }) => {
    expect(toHex(encodeMessage(message))).toBe(frame);
    expect(decodeMessage(fromHex(frame).subarray(4))).toEqual(message);
  });

  test("has every type", () => {
    expect(new Set(cases.map(({ message }) => message.type))).toEqual(new Set(Object.keys(messages)));
  });
});

describe("encodings-accepted", () => {
  const cases = vectors<{ name: string; payload: string; message: Message | null }>("encodings-accepted");

  test.each(cases)("$name", ({ payload, message }) => {
    expect(decodeMessage(fromHex(payload)) ?? null).toStrictEqual(message);
  });
});

describe("frames-split", () => {
  const cases = vectors<{ name: string; chunks: string[]; payloads: string[]; code: string | null }>(
    "frames-split",
  );

  function read(chunks: readonly Uint8Array[]) {
    const decoder = new FrameDecoder();
    const payloads: string[] = [];
    const failure = failureOf(() => {
      for (const chunk of chunks) payloads.push(...decoder.push(chunk).map(toHex));
      decoder.end();
    });
    return { payloads, code: failure?.code ?? null };
  }

  test.each(cases)("$name", ({ chunks, payloads, code }) => {
    expect(read(chunks.map(fromHex))).toEqual({ payloads, code });
  });

  test.each(cases)("$name, in one piece and byte by byte", ({ chunks, payloads, code }) => {
    const stream = fromHex(chunks.join(""));
    expect(read([stream])).toEqual({ payloads, code });
    expect(read(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual({ payloads, code });
  });
});

describe("frames-refused", () => {
  const cases = vectors<{ name: string; stream: string; code: string }>("frames-refused");

  test.each(cases)("$name: $code", ({ stream, code }) => {
    const failure = failureOf(() => {
      const decoder = new FrameDecoder();
      const payloads = decoder.push(fromHex(stream));
      decoder.end();
      payloads.map(decodeMessage);
    });
    expect(failure?.code).toBe(code);
  });

  test("has every code of the wire", () => {
    expect([...new Set(cases.map(({ code }) => code))]).toEqual([
      "FRAME_EMPTY",
      "FRAME_TOO_LARGE",
      "FRAME_TRUNCATED",
      "ENCODING_MALFORMED",
      "ENCODING_TYPE",
      "ENCODING_INTEGER",
      "ENCODING_KEY",
      "ENCODING_KEY_DUPLICATE",
      "ENCODING_UTF8",
      "ENCODING_DEPTH",
      "ENCODING_COUNT",
      "MESSAGE_INVALID",
      "MESSAGE_TYPE_UNKNOWN",
      "MESSAGE_FIELD_MISSING",
      "MESSAGE_FIELD_INVALID",
    ]);
  });
});

describe("negotiation", () => {
  const cases = vectors<{ name: string; parent: VersionRange; child: VersionRange; version: number | null }>(
    "negotiation",
  );

  test.each(cases)("$name", ({ parent, child, version }) => {
    expect(negotiate(parent, child) ?? null).toBe(version);
    expect(negotiate(child, parent) ?? null).toBe(version);
  });
});

describe("offers-valid", () => {
  const cases = vectors<{ name: string; text: string; offer: Offer; canonical: boolean }>("offers-valid");

  test.each(cases)("$name", ({ text, offer, canonical }) => {
    expect(decodeOffer(text)).toStrictEqual(offer);
    expect(encodeOffer(offer) === text).toBe(canonical);
  });
});

describe("offers-refused", () => {
  const cases = vectors<{ name: string; text: string; code: string }>("offers-refused");

  test.each(cases)("$name", ({ text, code }) => {
    expect(failureOf(() => decodeOffer(text))?.code).toBe(code);
  });
});

test("a frame is its payload behind four bytes of length", () => {
  expect(toHex(encodeFrame(fromHex("c0ffee")))).toBe("00000003c0ffee");
});
