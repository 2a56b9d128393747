import { bytes, text } from "./bytes.mjs";

const accept = { type: "accept", version: 1, features: [], pid: 128 };
const state = { type: "state", stream: "s", phase: "warm", version: 1, bytes: Uint8Array.of(1), last: true };
const type = text("type");

/** `pid` in any bytes; the rest of an accept as it is usually written. */
function pid(...value) {
  return bytes(0x84, type, text("accept"), text("version"), 1, text("features"), 0x90, text("pid"), ...value);
}

function stateBytes(...value) {
  const head = [0x86, type, text("state"), text("stream"), text("s"), text("phase"), text("warm")];
  return bytes(...head, text("version"), 1, text("bytes"), ...value, text("last"), 0xc3);
}

function commitAnd(length, ...entries) {
  return bytes(0x80 + length, type, text("commit"), ...entries);
}

const commit = { type: "commit" };

/** [what it shows, payload, the message it means; undefined: ignored]. */
export const acceptedEncodings = [
  ["integer: 16 bits for 128", pid("cd 0080"), accept],
  ["integer: 32 bits for 128", pid("ce 00000080"), accept],
  ["integer: 64 bits for 128", pid("cf 0000000000000080"), accept],
  ["integer: 8 bits for 5", pid("cc 05"), { ...accept, pid: 5 }],
  ["integer: signed, 8 bits", pid("d0 05"), { ...accept, pid: 5 }],
  ["integer: signed, 16 bits", pid("d1 0080"), accept],
  ["integer: signed, 32 bits", pid("d2 00000080"), accept],
  ["integer: signed, 64 bits", pid("d3 0000000000000080"), accept],
  ["bytes: 16-bit size", stateBytes("c5 0001 01"), state],
  ["bytes: 32-bit size", stateBytes("c6 00000001 01"), state],
  ["string: 8-bit size", bytes(0x81, type, "d9 06", new TextEncoder().encode("commit")), commit],
  ["string: 16-bit size", bytes(0x81, type, "da 0006", new TextEncoder().encode("commit")), commit],
  ["string: 32-bit size", bytes(0x81, type, "db 00000006", new TextEncoder().encode("commit")), commit],
  ["key: 8-bit size", bytes(0x81, "d9 04", new TextEncoder().encode("type"), text("commit")), commit],
  ["map: 16-bit size", bytes("de 0001", type, text("commit")), commit],
  ["map: 32-bit size", bytes("df 00000001", type, text("commit")), commit],
  [
    "array: 16-bit size",
    bytes(0x84, type, text("accept"), text("version"), 1, text("features"), "dc 0000", text("pid"), "cc 80"),
    accept,
  ],
  [
    "array: 32-bit size",
    bytes(
      0x84,
      type,
      text("accept"),
      text("version"),
      1,
      text("features"),
      "dd 00000000",
      text("pid"),
      "cc 80",
    ),
    accept,
  ],
  [
    "keys in another order, the type last",
    bytes(0x84, text("pid"), "cc 80", text("features"), 0x90, text("version"), 1, type, text("accept")),
    accept,
  ],
  [
    "keys in another order, the address's kind last",
    bytes(
      [0x88, type, text("offer"), text("protocol"), 0x82, text("max"), 1, text("min"), 1].flat(),
      [text("generation"), 2, text("parent"), 0x81, text("pid"), 1, text("channel"), 3].flat(),
      [text("listeners"), 0x91, 0x83, text("name"), text("u"), text("address")].flat(),
      [0x82, text("path"), text("/s"), text("kind"), text("unix"), text("descriptor"), 4].flat(),
      [text("deadlines"), 0x81, text("commitMs"), 1, text("features"), 0x90].flat(),
    ),
    {
      type: "offer",
      protocol: { min: 1, max: 1 },
      generation: 2,
      parent: { pid: 1 },
      channel: 3,
      listeners: [{ name: "u", address: { kind: "unix", path: "/s" }, descriptor: 4 }],
      deadlines: { commitMs: 1 },
      features: [],
    },
  ],
  ["unknown key: a scalar", commitAnd(2, text("later"), 7), commit],
  ["unknown key: a container", commitAnd(2, text("later"), 0x92, 0x81, text("a"), 1, "c4 00"), commit],
  [
    "unknown key: __proto__ is a key like any other",
    commitAnd(2, text("__proto__"), 0x81, text("x"), 1),
    commit,
  ],
  [
    "unknown keys: __proto__ and __proto_ are two keys",
    commitAnd(3, text("__proto__"), 1, text("__proto_"), 2),
    commit,
  ],
  ["unknown key: constructor", commitAnd(2, text("constructor"), 0x81, text("prototype"), 0x80), commit],
  ["unknown key: the empty string", commitAnd(2, text(""), 1), commit],
  ["unknown key: `ignorable` on a known type", commitAnd(2, text("ignorable"), 0xc3), commit],
  [
    "unknown keys: 40, some the beginnings of others",
    bytes(
      "de 0029",
      type,
      text("commit"),
      ...Array.from({ length: 40 }, (_, i) => [...text("k".repeat(i)), i]),
    ),
    commit,
  ],
  ["unknown key: a byte order mark inside", commitAnd(2, "a5 61efbbbf62", text("a\ufeff")), commit],
  [
    "unknown keys inside",
    bytes(
      [0x82, type, text("ready"), text("listeners"), 0x91, 0x83, text("weight"), 9].flat(),
      [text("name"), text("h"), text("disposition"), text("dropped")].flat(),
    ),
    { type: "ready", listeners: [{ name: "h", disposition: "dropped" }] },
  ],
  [
    "the same key in two maps",
    commitAnd(3, text("a"), 0x81, text("x"), 1, text("b"), 0x81, text("x"), 1),
    commit,
  ],
  [
    "a container at the greatest depth",
    commitAnd(2, text("a"), [0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x90]),
    commit,
  ],
  [
    "the greatest number of values",
    // 1 map + 4 for its keys and values + 16,379 items = 16,384, where the array counts as one of the values.
    commitAnd(2, text("a"), "dc 3ffb", new Uint8Array(16_379)),
    commit,
  ],
  ["an unknown type, marked ignorable", bytes(0x82, type, text("hint"), text("ignorable"), 0xc3), undefined],
  [
    "an unknown type, marked ignorable, with other keys and another order",
    bytes(0x83, text("ignorable"), 0xc3, text("ms"), 5, type, text("hint")),
    undefined,
  ],
];
