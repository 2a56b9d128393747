import { HandoffError } from "../error.js";
import { limits } from "../limits.js";
import type { Offer } from "../message.js";
import { decodeBase64url, encodeBase64url } from "./base64url.js";
import { decodeMessage, encodeMessage } from "./codec.js";
import { FrameDecoder } from "./frame.js";

/**
 * The offer as it stands in the child's environment: base64url, without padding, of one whole frame.
 * @throws HandoffError MESSAGE_FIELD_* where the offer is not valid; FRAME_TOO_LARGE above 96 KiB of text
 * @see spec/v1/messages.md#offer
 */
export function encodeOffer(offer: Offer): string {
  const text = encodeBase64url(encodeMessage(offer));
  if (text.length > limits.offerCharactersMax) {
    const message = `an offer has ${text.length} characters, more than the ${limits.offerCharactersMax} that an environment may hold`;
    throw new HandoffError("FRAME_TOO_LARGE", { message });
  }
  return text;
}

/**
 * The offer that a parent of any version has written.
 * @throws HandoffError OFFER_INVALID, whatever the text; its cause says what is wrong inside
 * @see spec/v1/versions.md
 */
export function decodeOffer(text: string): Offer {
  if (text.length > limits.offerCharactersMax)
    throw invalid(`it has more than ${limits.offerCharactersMax} characters`);
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw invalid("it is not base64url without padding");
  let message: ReturnType<typeof decodeMessage>;
  try {
    message = decodeMessage(onlyFrame(bytes));
  } catch (cause) {
    throw invalid((cause as Error).message, cause);
  }
  if (message?.type !== "offer")
    throw invalid(`it holds ${message ? `the message ${message.type}` : "no offer"}`);
  return message;
}

function onlyFrame(bytes: Uint8Array): Uint8Array {
  const decoder = new FrameDecoder();
  const payloads = decoder.push(bytes);
  decoder.end();
  if (payloads.length !== 1) throw invalid(`it holds ${payloads.length} frames instead of one`);
  return payloads[0] as Uint8Array;
}

function invalid(why: string, cause?: unknown): HandoffError {
  const message = `the offer in the environment cannot be used: ${why}`;
  return new HandoffError("OFFER_INVALID", { message, cause });
}
