import { describe, expect, test } from "vitest";
import type { Abort, Message, Offer, State } from "../../src/message.js";
import { decodeMessage, encodeMessage } from "../../src/wire/codec.js";
import { failureOf } from "./failure.js";
import { fromHex, toHex } from "./vectors.js";

const accept = { type: "accept", version: 1, features: ["state"], pid: 128 } as const;
const state: State = {
  type: "state",
  stream: "s",
  phase: "warm",
  version: 1,
  bytes: Uint8Array.of(1),
  last: true,
};
const offer: Offer = {
  type: "offer",
  protocol: { min: 1, max: 1 },
  generation: 2,
  parent: { pid: 1 },
  channel: 3,
  listeners: [{ name: "http", address: { kind: "tcp", host: "::1", port: 80 }, descriptor: 4 }],
  deadlines: { commitMs: 1 },
  features: [],
};

/** What an untyped caller may pass. */
function encode(message: unknown): Uint8Array {
  return encodeMessage(message as Message);
}

function decode(frame: Uint8Array): Message | undefined {
  return decodeMessage(frame.subarray(4));
}

describe("writing", () => {
  test("gives equal messages equal bytes, in whatever order their keys were set", () => {
    const { pid, features, version, type } = accept;
    expect(toHex(encode({ pid, features, version, type }))).toBe(toHex(encode(accept)));
    expect(toHex(encode(accept))).toBe(
      "0000002c84a474797065a6616363657074a776657273696f6e01a8666561747572657391a57374617465a3706964cc80",
    );
  });

  test("leaves out what the schema does not know, at every depth", () => {
    const [listener] = offer.listeners;
    const chatty = {
      ...offer,
      parent: { pid: 1, name: "p" },
      listeners: [{ ...listener, weight: 1 }],
      note: null,
    };
    expect(toHex(encode(chatty))).toBe(toHex(encode(offer)));
  });

  test("takes an optional field that is undefined as absent", () => {
    const [listener] = offer.listeners;
    expect(toHex(encode({ ...offer, listeners: [{ ...listener, custody: undefined }] }))).toBe(
      toHex(encode(offer)),
    );
  });

  test("takes a Buffer as the bytes that it holds", () => {
    expect(decode(encode({ ...state, bytes: Buffer.from([1]) }))).toStrictEqual(state);
  });

  test.each([
    ["Float32Array", new Float32Array(4)],
    ["Uint16Array", new Uint16Array(4)],
    ["DataView", new DataView(new ArrayBuffer(4))],
    ["ArrayBuffer", new ArrayBuffer(4)],
    ["string", "abc"],
    ["array", [1, 2]],
    ["null", null],
  ])("refuses %s for bytes", (_, bytes) => {
    expect(failureOf(() => encode({ ...state, bytes }))?.code).toBe("MESSAGE_FIELD_INVALID");
  });

  test.each([
    ["a fraction", 1.5],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a negative integer", -1],
    ["a big integer", 1n],
    ["a string", "1"],
    ["null", null],
    ["a Date", new Date(5)],
  ])("refuses %s for an integer", (_, pid) => {
    expect(failureOf(() => encode({ ...accept, pid }))?.code).toBe("MESSAGE_FIELD_INVALID");
  });

  test.each(["\ud800", "a\udc00", "\udc00\ud800", "\udc00\udc00", "\ud83d", "\ud83dx"])(
    "refuses the lone surrogate in %j",
    (message) => {
      const abort: Abort = { type: "abort", code: "HOOK_FAILED", message };
      expect(failureOf(() => encode(abort))?.code).toBe("MESSAGE_FIELD_INVALID");
    },
  );

  test.each(["\ufeff", "\ufeffdone", `\ufeff${"x".repeat(70)}`])(
    "refuses a byte order mark in front: %j",
    (message) => {
      const abort: Abort = { type: "abort", code: "HOOK_FAILED", message };
      expect(failureOf(() => encode(abort))?.code).toBe("MESSAGE_FIELD_INVALID");
    },
  );

  test.each([
    ["null", null],
    ["an array", []],
    ["bytes", new Uint8Array(1)],
    ["a string", "commit"],
    ["no type", {}],
    ["a type that is no string", { type: 7 }],
  ])("refuses %s for a message", (_, message) => {
    expect(failureOf(() => encode(message))?.code).toBe("MESSAGE_INVALID");
  });

  test("refuses a type that it does not know, even if ignorable", () => {
    expect(failureOf(() => encode({ type: "hint", ignorable: true }))?.code).toBe("MESSAGE_TYPE_UNKNOWN");
    expect(failureOf(() => encode({ type: "toString" }))?.code).toBe("MESSAGE_TYPE_UNKNOWN");
  });

  test("refuses more than a frame holds, and goes on with the next message", () => {
    const moved = { listener: "http", protocol: "http/1.1", still: true, state: new Uint8Array(65_536) };
    const message: Message = { type: "connections", batch: 1, connections: Array(17).fill(moved) };
    expect(failureOf(() => encode(message))?.code).toBe("FRAME_TOO_LARGE");
    expect(toHex(encode({ type: "stop" }))).toBe("0000000b81a474797065a473746f70");
  });

  test("fills a frame to its last byte, and not further", () => {
    const full = { listener: "http", protocol: "http/1.1", still: true, state: new Uint8Array(65_535) };
    const message = (length: number): Message => ({
      type: "connections",
      batch: 1,
      connections: [...Array(15).fill(full), { ...full, state: new Uint8Array(length) }],
    });
    const overhead = encode(message(60_000)).length - 4 - 60_000;
    const frame = encode(message(1_048_576 - overhead));
    expect(toHex(frame.subarray(0, 4))).toBe("00100000");
    expect(failureOf(() => encode(message(1_048_577 - overhead)))?.code).toBe("FRAME_TOO_LARGE");
  });

  test("keeps messages apart when one is written while another is", () => {
    const inner: string[] = [];
    const outer = {
      ...accept,
      get pid() {
        inner.push(toHex(encode({ type: "stop" })));
        return 128;
      },
    };
    expect(toHex(encode(outer))).toBe(toHex(encode(accept)));
    expect(new Set(inner)).toEqual(new Set(["0000000b81a474797065a473746f70"]));
  });

  test("gives no two messages the same bytes, however many are kept", () => {
    const messages = Array.from({ length: 1_000 }, (_, pid): Message => ({ ...accept, pid: pid + 1 }));
    const long: Message = { type: "abort", code: "HOOK_FAILED", message: "x".repeat(2_000) };
    const frames = messages.flatMap((message, i) => [
      encode(message),
      ...(i % 50 === 0 ? [encode(long)] : []),
    ]);
    const kept = frames.map(decode).filter((message) => message?.type === "accept");
    expect(kept).toStrictEqual(messages);
  });

  test.each([1, 2_000, 20_000, 60_000])(
    "writes %d bytes of state behind other messages as alone",
    (length) => {
      const message: State = { ...state, bytes: new Uint8Array(length).fill(7) };
      const alone = toHex(encode(message));
      for (let before = 0; before < 5; before++) {
        encode(accept);
        expect(toHex(encode(message))).toBe(alone);
      }
      expect(decode(fromHex(alone))).toStrictEqual(message);
    },
  );

  test("returns bytes of the caller's own", () => {
    const first = encode({ type: "stop" });
    encode(accept).fill(0xff);
    encode(accept);
    expect(toHex(first)).toBe("0000000b81a474797065a473746f70");
  });
});

describe("reading", () => {
  test("gives plain objects, whatever the keys are called", () => {
    // {type: "commit", __proto__: {polluted: true}, constructor: {prototype: {polluted: true}}}
    const payload = fromHex(
      "83a474797065a6636f6d6d6974a95f5f70726f746f5f5f81a8706f6c6c75746564c3ab636f6e7374727563746f7281a970726f746f7479706581a8706f6c6c75746564c3",
    );
    const message = decodeMessage(payload) as object;
    expect(message).toStrictEqual({ type: "commit" });
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect("polluted" in message).toBe(false);
    expect("polluted" in {}).toBe(false);
  });

  test("does not take a type or an `ignorable` from a prototype", () => {
    // {__proto__: {type: "hint", ignorable: true}}, then {type: "hint", __proto__: {ignorable: true}}
    const inherited = fromHex("81a95f5f70726f746f5f5f82a474797065a468696e74a969676e6f7261626c65c3");
    expect(failureOf(() => decodeMessage(inherited))?.code).toBe("MESSAGE_INVALID");
    const excused = fromHex("82a474797065a468696e74a95f5f70726f746f5f5f81a969676e6f7261626c65c3");
    expect(failureOf(() => decodeMessage(excused))?.code).toBe("MESSAGE_TYPE_UNKNOWN");
  });

  test("gives bytes as views of the payload, and leaves no mark on it", () => {
    const payload = encode(state).subarray(4);
    const message = decodeMessage(payload) as State;
    expect(message.bytes.buffer).toBe(payload.buffer);
    expect(Object.keys(payload)).toHaveLength(payload.length);
  });

  test("gives values that the next payload does not change", () => {
    const first = decode(encode(state)) as State;
    const second = decode(encode({ ...state, bytes: Uint8Array.of(2), stream: "t" })) as State;
    expect([first, second]).toStrictEqual([state, { ...state, bytes: Uint8Array.of(2), stream: "t" }]);
  });

  test.each([4_000, 4_096, 4_097, 60_000])(
    "reads a payload of about %d bytes, with keys that it does not know",
    (size) => {
      const body = fromHex("82a474797065a6636f6d6d6974a46d6f7265da");
      const text = new Uint8Array(size - body.length - 2).fill(0x78);
      const payload = Uint8Array.of(...body, text.length >> 8, text.length & 0xff, ...text);
      expect(payload).toHaveLength(size);
      expect(decodeMessage(payload)).toStrictEqual({ type: "commit" });
      expect(failureOf(() => decodeMessage(payload.fill(0xff, size - 1)))?.code).toBe("ENCODING_UTF8");
    },
  );

  test("keeps a byte order mark that is not in front", () => {
    const abort: Abort = { type: "abort", code: "\u2060\ufeff", message: `x\ufeff${"x".repeat(70)}` };
    expect(decode(encode(abort))).toStrictEqual(abort);
  });

  test("gives plain bytes from a Buffer, too", () => {
    const message = decodeMessage(Buffer.from(encode(state).subarray(4))) as State;
    expect(message).toStrictEqual(state);
    expect(message.bytes.constructor).toBe(Uint8Array);
  });

  test("gives up a megabyte of containers or keys at the first limit", () => {
    const payload = new Uint8Array(1_048_576).fill(0x91);
    expect(failureOf(() => decodeMessage(payload))?.code).toBe("ENCODING_DEPTH");
    expect(failureOf(() => decodeMessage(payload.fill(0x81)))?.code).toBe("ENCODING_KEY");
    expect(failureOf(() => decodeMessage(payload.fill(0xa0)))?.code).toBe("ENCODING_MALFORMED");
  });
});

test.each([
  [{ ...accept, pid: 0 }, "pid of the message accept must be an integer, 1 to 2147483647, and is 0"],
  [{ type: "state" }, "stream of the message state is missing: it must be a string, 1 to 64 bytes"],
  [
    {
      ...offer,
      listeners: [{ ...offer.listeners[0], address: { kind: "tcp", host: "x".repeat(80), port: 1 } }],
    },
    `listeners[0].address.host of the message offer must be a string, 2 to 64 bytes, a literal IPv4 or IPv6 address, and is "${"x".repeat(40)}" and 40 characters more`,
  ],
  [{ ...accept, features: ["a", "a"] }, "the message accept breaks the rule that the features are distinct"],
])("an error says which message, which field, and what was expected: %#", (message, text) => {
  expect(failureOf(() => encode(message))?.message).toBe(text);
});
