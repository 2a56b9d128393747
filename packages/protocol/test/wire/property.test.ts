import fc from "fast-check";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import type { Offer } from "../../src/message.js";
import { decodeMessage, encodeMessage } from "../../src/wire/codec.js";
import { encodeFrame, FrameDecoder } from "../../src/wire/frame.js";
import { decodeOffer, encodeOffer } from "../../src/wire/offer.js";
import { messages } from "../../src/wire/schema.js";
import { arbitraryMessage } from "./arbitrary.js";
import { failureOf } from "./failure.js";

const types = Object.keys(messages);

/** A message of a known type, undefined, or the code of a HandoffError; anything else goes through. */
function outcomeOf(payload: Uint8Array): string | undefined {
  let outcome: string | undefined;
  const failure = failureOf(() => {
    outcome = decodeMessage(payload)?.type;
  });
  return failure?.code ?? outcome;
}

function isOutcome(outcome: string | undefined): boolean {
  return outcome === undefined || types.includes(outcome) || /^(ENCODING|MESSAGE)_/.test(outcome);
}

test("every valid message comes back as it was", () => {
  fc.assert(
    fc.property(arbitraryMessage, (message) => {
      const frame = encodeMessage(message);
      expect(decodeMessage(frame.subarray(4))).toStrictEqual(message);
      expect(encodeMessage(decodeMessage(frame.subarray(4)) as typeof message)).toEqual(frame);
    }),
    { numRuns: 500 },
  );
});

test("an independent encoder writes the same bytes", () => {
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  fc.assert(
    fc.property(arbitraryMessage, (message) => {
      const payload = encodeMessage(message).subarray(4);
      const inOrder = decodeMessage(payload) as object;
      expect(Buffer.compare(packr.pack(inOrder), payload)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("any bytes are a message, nothing, or a HandoffError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => isOutcome(outcomeOf(payload))),
    { numRuns: 5_000 },
  );
});

test("a valid payload with some bytes changed is a message, nothing, or a HandoffError", () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(arbitraryMessage, fc.array(change, { minLength: 1, maxLength: 4 }), (message, changes) => {
      const payload = encodeMessage(message).subarray(4);
      for (const [at, byte] of changes) payload[at % payload.length] = byte;
      return isOutcome(outcomeOf(payload));
    }),
    { numRuns: 1_000 },
  );
});

test("a valid payload that is cut short, anywhere, is ENCODING_MALFORMED", () => {
  fc.assert(
    fc.property(arbitraryMessage, fc.nat(), (message, cut) => {
      const payload = encodeMessage(message).subarray(4);
      expect(outcomeOf(payload.subarray(0, cut % payload.length))).toBe("ENCODING_MALFORMED");
    }),
    { numRuns: 500 },
  );
});

test("whatever is read can be written, and is read the same again", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.nat(),
      fc.boolean(),
      fc.string(),
      fc.uint8Array({ maxLength: 8 }),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
    ),
  })).value;
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  const extra = fc.dictionary(fc.constantFrom("later", "constructor", "kind", "code", "pid"), value);
  fc.assert(
    fc.property(arbitraryMessage, extra, (message, more) => {
      const payload = new Uint8Array(packr.pack({ ...more, ...message }));
      const read = decodeMessage(payload);
      fc.pre(read !== undefined);
      expect(decodeMessage(encodeMessage(read).subarray(4))).toStrictEqual(read);
    }),
    { numRuns: 300, ignoreEqualValues: false },
  );
});

test("a stream gives the same payloads and the same failure, however it is split", () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
  const tail = fc.uint8Array({ maxLength: 6 });
  fc.assert(
    fc.property(payloads, tail, fc.array(fc.nat({ max: 2_500 })), (frames, tail, cuts) => {
      const stream = Buffer.concat([...frames.map(encodeFrame), tail]);
      const at = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      expect(readStream(pieces)).toEqual(readStream([stream]));
      expect(readStream(pieces).payloads.slice(0, frames.length)).toEqual(frames);
    }),
    { numRuns: 500 },
  );
});

function readStream(pieces: readonly Uint8Array[]) {
  const decoder = new FrameDecoder();
  const payloads: Uint8Array[] = [];
  const failure = failureOf(() => {
    for (const piece of pieces) payloads.push(...decoder.push(piece));
    decoder.end();
  });
  return { payloads, code: failure?.code, message: failure?.message };
}

test("any text is an offer or OFFER_INVALID", () => {
  const almost = fc
    .base64String()
    .map((text) => text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), almost), (text) => {
      expect(failureOf(() => decodeOffer(text))?.code).toBe("OFFER_INVALID");
    }),
    { numRuns: 2_000 },
  );
});

test("every valid offer comes back as it was, and no two texts are the same bytes", () => {
  const offers = arbitraryMessage.filter((message): message is Offer => message.type === "offer");
  fc.assert(
    fc.property(
      offers,
      fc.oneof(fc.constant(0), fc.nat()),
      fc.constantFrom(..."AQgw05-_=+ é"),
      (offer, at, character) => {
        const text = encodeOffer(offer);
        expect(decodeOffer(text)).toStrictEqual(offer);
        // Small numbers are the likely ones: the last character is where bits can be left over.
        const index = text.length - 1 - (at % text.length);
        const changed = text.slice(0, index) + character + text.slice(index + 1);
        fc.pre(changed !== text);
        const failure = failureOf(() => decodeOffer(changed));
        // Other bytes may well be the same offer, with a number in another form.
        if (failure === undefined) expect(fromBase64url(changed)).not.toEqual(fromBase64url(text));
        else expect(failure.code).toBe("OFFER_INVALID");
      },
    ),
    { numRuns: 100 },
  );
});

/** As lenient as Node.js is. */
function fromBase64url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64url"));
}
