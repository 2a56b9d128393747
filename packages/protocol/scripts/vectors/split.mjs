import { bytes, frame, text } from "./bytes.mjs";

const commit = bytes(0x81, text("type"), text("commit"));
const stop = bytes(0x81, text("type"), text("stop"));
const long = new Uint8Array(300).fill(0x2a);

/** [what it shows, the chunks of a stream, the payloads in it, the code that it ends with or undefined]. Any split gives the same. */
export const splitStreams = [
  ["nothing", [], [], undefined],
  ["one frame, one chunk", [frame(commit)], [commit], undefined],
  ["two frames, one chunk", [bytes(frame(commit), frame(stop))], [commit, stop], undefined],
  ["one byte at a time", Array.from(frame(commit), (byte) => bytes(byte)), [commit], undefined],
  [
    "an empty chunk in between",
    [frame(commit).subarray(0, 2), bytes(), frame(commit).subarray(2)],
    [commit],
    undefined,
  ],
  [
    "a chunk that ends one frame and starts another, inside its length",
    [
      frame(commit).subarray(0, 7),
      bytes(frame(commit).subarray(7), frame(stop).subarray(0, 3)),
      frame(stop).subarray(3),
    ],
    [commit, stop],
    undefined,
  ],
  [
    "a length of two bytes' worth, split inside the payload",
    [frame(long).subarray(0, 4), frame(long).subarray(4, 260), bytes(frame(long).subarray(260), frame(stop))],
    [long, stop],
    undefined,
  ],
  [
    "a broken frame behind a whole one, one chunk",
    [bytes(frame(commit), "00000000")],
    [commit],
    "FRAME_EMPTY",
  ],
  [
    "a broken frame behind a whole one, two chunks",
    [frame(commit), bytes("00100001 00")],
    [commit],
    "FRAME_TOO_LARGE",
  ],
  [
    "a frame cut short behind a whole one",
    [bytes(frame(commit), "0000000c 81")],
    [commit],
    "FRAME_TRUNCATED",
  ],
];
