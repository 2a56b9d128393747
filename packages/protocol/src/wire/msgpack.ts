import { Packr } from "msgpackr/index-no-eval";
import { readValue, type Value } from "./reader.js";

/*
 * The only file that knows msgpackr. It writes; reading is ours, because a strict check in front of msgpackr's decoder
 * takes as much code and more time than a strict decoder. See docs/decisions/0002-messagepack-profile.md.
 */

let packr: Packr | undefined;

/** A value that `readMessage` has returned, in its order of keys, in the shortest encoding. */
export function encodeValue(value: object): Uint8Array {
  // Not at import: a process that never hands over should not pay for it.
  packr ??= new Packr({ useRecords: false, variableMapSize: true });
  return packr.pack(value);
}

/** @throws HandoffError ENCODING_* */
export function decodeValue(payload: Uint8Array): Value {
  return readValue(payload);
}
