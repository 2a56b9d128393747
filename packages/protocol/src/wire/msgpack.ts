import { Unpackr } from "msgpackr/unpack-no-eval";
import { HandoffError } from "../error.js";
import { scan } from "./scan.js";

/*
 * The one file that knows msgpackr. By itself it reads more than the profile allows: records and extensions, keys that
 * stand twice, broken UTF-8. So it gets to see only what the scan has passed.
 */

let unpackr: Unpackr | undefined;

/** Where ordinary payloads are read: the library makes a DataView for every array that it has not seen. */
let scratch: Uint8Array | undefined;
const scratchBytes = 4_096;

/**
 * The value in a payload, which is nobody else's. Maps are plain objects, with what stands for `__proto__` under another
 * name that is no key of any message; byte strings are views of the payload, always as Uint8Array.
 * @throws HandoffError ENCODING_*; nothing else, whatever the bytes
 * @see spec/v1/framing.md
 */
export function unpack(payload: Uint8Array): unknown {
  const { length } = payload;
  if (length > scratchBytes) return unpackViewed(payload);
  scratch ??= new Uint8Array(scratchBytes);
  scratch.set(payload);
  // Views of the scratch would change with the next payload.
  return scan(scratch, length) ? read(viewOf(payload), length) : read(scratch, length);
}

function unpackViewed(payload: Uint8Array): unknown {
  const bytes = viewOf(payload);
  scan(bytes, bytes.length);
  return read(bytes, bytes.length);
}

/**
 * A view of our own: views of a subclass, such as Node.js's Buffer, would be of that subclass, too, and the library leaves a
 * property on what it reads.
 */
function viewOf(payload: Uint8Array): Uint8Array {
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
}

function read(bytes: Uint8Array, length: number): unknown {
  try {
    unpackr ??= new Unpackr({ useRecords: false, int64AsType: "number" });
    return unpackr.unpack(bytes, length);
  } catch (cause) {
    // A frozen Object.prototype, for one, forbids a key such as `toString`. No frame may cost more than the handoff.
    throw new HandoffError("ENCODING_MALFORMED", { message: "a payload cannot be read", cause });
  }
}
