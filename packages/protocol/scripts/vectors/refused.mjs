import { bytes, frame, text } from "./bytes.mjs";

const type = text("type");

/** A commit with one more key, whose value stands in any bytes. */
function commitWith(...value) {
  return frame(bytes(0x82, type, text("commit"), text("x"), ...value));
}

function message(name, length, ...entries) {
  return frame(bytes(0x81 + length, type, text(name), ...entries));
}

function accept({ version = [1], features = [0x90], pid = [1] }) {
  return message(
    "accept",
    3,
    text("version"),
    ...version,
    text("features"),
    ...features,
    text("pid"),
    ...pid,
  );
}

/** An offer whose parts stand in any bytes. */
function offer({
  protocol = [0x82, text("min"), 1, text("max"), 1].flat(),
  generation = [2],
  parent = [0x81, ...text("pid"), 1],
  channel = [3],
  descriptorChannel = undefined,
  listeners = [0x90],
  commitMs = [1],
}) {
  const entries = [
    [text("protocol"), protocol],
    [text("generation"), generation],
    [text("parent"), parent],
    [text("channel"), channel],
    ...(descriptorChannel === undefined ? [] : [[text("descriptorChannel"), descriptorChannel]]),
    [text("listeners"), listeners],
    [text("deadlines"), [0x81, ...text("commitMs"), ...commitMs]],
    [text("features"), [0x90]],
  ];
  return message("offer", entries.length, entries.flat(2));
}

/** A batch of one connection, whose map stands in any bytes. */
const connections = (connection, batch = [1]) =>
  message("connections", 2, text("batch"), batch, text("connections"), 0x91, connection);

const moved = [0x83, text("listener"), text("a"), text("protocol"), text("p"), text("still"), 0xc3].flat();

const late = (index, bytes) =>
  message("connections-late", 3, text("batch"), 1, text("index"), index, text("bytes"), bytes);

function listener({ name = "a", address = unix("/a"), descriptor = [4], rest = [] }) {
  const entries = [text("name"), text(name), text("address"), address, text("descriptor"), descriptor, rest];
  return [0x83 + (rest.length > 0 ? 1 : 0), ...entries.flat()];
}

function unix(path) {
  return [0x82, ...text("kind"), ...text("unix"), ...text("path"), ...text(path)];
}

function tcp(host, ...port) {
  return [0x83, text("kind"), text("tcp"), text("host"), text(host), text("port"), port].flat();
}

function ready(...dispositions) {
  const maps = dispositions.map(([name, disposition]) =>
    [0x82, text("name"), text(name), text("disposition"), text(disposition)].flat(),
  );
  return message("ready", 1, text("listeners"), 0x90 + maps.length, maps.flat());
}

function progress(step, ...rest) {
  return message("progress", rest.length > 0 ? 2 : 1, text("step"), step, rest);
}

/** Unknown keys, the longest first. */
function manyKeys(count) {
  return Array.from({ length: count }, (_, index) => [...text(`key ${count - 1 - index}`), 0]).flat();
}

const nested = (depth) => [...new Array(depth - 1).fill(0x91), 0x90];

/** [what is wrong, the bytes of the whole stream, the code]. One fault each. */
export const refusedFrames = [
  ["an empty frame", bytes("00000000"), "FRAME_EMPTY"],
  ["one byte more than a frame may have", bytes("00100001"), "FRAME_TOO_LARGE"],
  ["the largest announced length", bytes("ffffffff"), "FRAME_TOO_LARGE"],
  [
    "something that is no frame: an HTTP request",
    bytes(new TextEncoder().encode("GET / HTTP/1.1\r\n")),
    "FRAME_TOO_LARGE",
  ],
  ["the stream ends inside the length", bytes("000000"), "FRAME_TRUNCATED"],
  ["the stream ends after the length", bytes("00000005"), "FRAME_TRUNCATED"],
  ["the stream ends inside the payload", bytes("00000005 81a4"), "FRAME_TRUNCATED"],

  ["a map cut short", frame(bytes(0x81)), "ENCODING_MALFORMED"],
  ["a key without its value", frame(bytes(0x81, type)), "ENCODING_MALFORMED"],
  ["a string cut short", frame(bytes(0x81, type, 0xa6, "636f6d")), "ENCODING_MALFORMED"],
  ["a size cut short", frame(bytes(0x81, type, "da 00")), "ENCODING_MALFORMED"],
  ["an integer cut short", commitWith("ce 0000"), "ENCODING_MALFORMED"],
  ["a string that announces 4 GiB", commitWith("db ffffffff"), "ENCODING_MALFORMED"],
  ["bytes that announce 4 GiB", commitWith("c6 ffffffff"), "ENCODING_MALFORMED"],
  ["an array that announces more than there is", commitWith("dc 0100"), "ENCODING_MALFORMED"],
  ["0xc1 as a value", commitWith(0xc1), "ENCODING_MALFORMED"],
  ["0xc1 as a key", frame(bytes(0x82, type, text("commit"), 0xc1, 1)), "ENCODING_MALFORMED"],
  ["a byte after the message", frame(bytes(0x81, type, text("commit"), 0)), "ENCODING_MALFORMED"],
  [
    "a second message in the frame",
    frame(bytes(0x81, type, text("commit"), 0x81, type, text("stop"))),
    "ENCODING_MALFORMED",
  ],

  ["nil", commitWith(0xc0), "ENCODING_TYPE"],
  ["a 32-bit float", commitWith("ca 3f800000"), "ENCODING_TYPE"],
  ["a 64-bit float", commitWith("cb 3ff0000000000000"), "ENCODING_TYPE"],
  ["a negative integer, short", commitWith(0xff), "ENCODING_TYPE"],
  ["a negative integer, 8 bits", commitWith("d0 80"), "ENCODING_TYPE"],
  ["a negative integer, 16 bits", commitWith("d1 ffff"), "ENCODING_TYPE"],
  ["a negative integer, 32 bits", commitWith("d2 80000000"), "ENCODING_TYPE"],
  ["a negative integer, 64 bits", commitWith("d3 ffffffffffffffff"), "ENCODING_TYPE"],
  ["an extension of 1 byte", commitWith("d4 00 00"), "ENCODING_TYPE"],
  ["an extension of 16 bytes", commitWith("d8 01", new Uint8Array(16)), "ENCODING_TYPE"],
  ["an extension with a size", commitWith("c7 01 05 00"), "ENCODING_TYPE"],
  ["an extension with a 32-bit size", commitWith("c9 00000001 05 00"), "ENCODING_TYPE"],
  ["an extension that some libraries read as a record", commitWith("d4 72 40"), "ENCODING_TYPE"],
  ["the same with a size", commitWith("c7 02 72 40 00"), "ENCODING_TYPE"],
  ["negative zero, as a float", commitWith("cb 8000000000000000"), "ENCODING_TYPE"],
  ["not a number", commitWith("cb 7ff8000000000000"), "ENCODING_TYPE"],
  ["a timestamp", commitWith("d6 ff 00000000"), "ENCODING_TYPE"],

  ["an integer of 33 bits", commitWith("cf 0000000100000000"), "ENCODING_INTEGER"],
  ["the largest 64-bit integer", commitWith("cf ffffffffffffffff"), "ENCODING_INTEGER"],
  ["a signed integer of 33 bits", commitWith("d3 0000000100000000"), "ENCODING_INTEGER"],

  ["an integer as a key", frame(bytes(0x82, type, text("commit"), 1, 1)), "ENCODING_KEY"],
  ["bytes as a key", frame(bytes(0x82, type, text("commit"), "c4 01 61", 1)), "ENCODING_KEY"],
  ["nil as a key", frame(bytes(0x82, type, text("commit"), 0xc0, 1)), "ENCODING_KEY"],
  ["an array as a key", frame(bytes(0x82, type, text("commit"), 0x90, 1)), "ENCODING_KEY"],

  [
    "the type twice",
    frame(bytes(0x82, type, text("commit"), type, text("commit"))),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "the type twice, in two widths",
    frame(bytes(0x82, type, text("commit"), "d9 04", new TextEncoder().encode("type"), text("commit"))),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "an unknown key twice",
    frame(bytes(0x83, type, text("commit"), text("x"), 1, text("x"), 2)),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "the empty key twice, in two widths",
    frame(bytes(0x83, type, text("commit"), 0xa0, 1, "d9 00", 2)),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "__proto__ twice",
    frame(bytes(0x83, type, text("commit"), text("__proto__"), 1, text("__proto__"), 1)),
    "ENCODING_KEY_DUPLICATE",
  ],
  ["a key twice in an inner map", commitWith(0x82, text("a"), 1, text("a"), 1), "ENCODING_KEY_DUPLICATE"],
  [
    "a known key twice in an inner map",
    offer({ parent: [0x82, ...text("pid"), 1, ...text("pid"), 1] }),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "the first of 40 keys again as the last",
    frame(bytes("de 0028", type, text("commit"), manyKeys(38), type, text("commit"))),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "two of 40 keys side by side",
    frame(bytes("de 0028", type, text("commit"), manyKeys(38), text("key 0"), 0)),
    "ENCODING_KEY_DUPLICATE",
  ],
  [
    "__proto__ twice in an inner map",
    commitWith(0x82, text("__proto__"), 1, text("__proto__"), 1),
    "ENCODING_KEY_DUPLICATE",
  ],

  ["a byte that starts no character", commitWith("a1 ff"), "ENCODING_UTF8"],
  ["a continuation without a start", commitWith("a1 80"), "ENCODING_UTF8"],
  ["a character cut short", commitWith("a2 e2 82"), "ENCODING_UTF8"],
  ["an overlong slash", commitWith("a2 c0af"), "ENCODING_UTF8"],
  ["an overlong NUL", commitWith("a2 c080"), "ENCODING_UTF8"],
  ["an overlong form of three bytes", commitWith("a3 e09fbf"), "ENCODING_UTF8"],
  ["an overlong form of four bytes", commitWith("a4 f08fbfbf"), "ENCODING_UTF8"],
  ["a surrogate", commitWith("a3 eda080"), "ENCODING_UTF8"],
  ["a pair of surrogates", commitWith("a6 eda0bdedb880"), "ENCODING_UTF8"],
  ["above U+10FFFF", commitWith("a4 f4908080"), "ENCODING_UTF8"],
  ["a start of five bytes", commitWith("a5 f888808080"), "ENCODING_UTF8"],
  [
    "a bad continuation in a long string",
    commitWith("d9 82", new Uint8Array(128).fill(0x61), "c3 28"),
    "ENCODING_UTF8",
  ],
  ["a byte order mark at the start of a short string", commitWith("a4 efbbbf61"), "ENCODING_UTF8"],
  [
    "a byte order mark at the start of a long string",
    commitWith("d9 83 efbbbf", new Uint8Array(128).fill(0x61)),
    "ENCODING_UTF8",
  ],
  ["a byte order mark and nothing else", commitWith("a3 efbbbf"), "ENCODING_UTF8"],
  [
    "a byte order mark at the start of a key",
    frame(bytes(0x82, type, text("commit"), "a4 efbbbf61", 1)),
    "ENCODING_UTF8",
  ],
  ["a key that is not UTF-8", frame(bytes(0x82, type, text("commit"), "a1 ff", 1)), "ENCODING_UTF8"],

  ["one array too deep", commitWith(nested(8)), "ENCODING_DEPTH"],
  ["ten thousand arrays deep", commitWith(nested(10_000)), "ENCODING_DEPTH"],
  ["a map too deep", commitWith(new Array(7).fill(0x91), 0x80), "ENCODING_DEPTH"],

  ["one value too many", commitWith("dc 3ffc", new Uint8Array(16_380)), "ENCODING_COUNT"],
  ["an array that announces four billion values", commitWith("dd ffffffff"), "ENCODING_COUNT"],
  ["a map that announces four billion keys", commitWith("df ffffffff"), "ENCODING_COUNT"],
  ["a message that announces four billion keys", frame(bytes("df ffffffff")), "ENCODING_COUNT"],

  ["an integer", frame(bytes(1)), "MESSAGE_INVALID"],
  ["an array", frame(bytes(0x90)), "MESSAGE_INVALID"],
  ["a string", frame(bytes(text("commit"))), "MESSAGE_INVALID"],
  ["an empty map", frame(bytes(0x80)), "MESSAGE_INVALID"],
  ["a type that is no string", frame(bytes(0x81, type, 1)), "MESSAGE_INVALID"],
  ["no type, though ignorable", frame(bytes(0x81, text("ignorable"), 0xc3)), "MESSAGE_INVALID"],
  ["an unknown type", frame(bytes(0x81, type, text("hint"))), "MESSAGE_TYPE_UNKNOWN"],
  ["the empty type", frame(bytes(0x81, type, text(""))), "MESSAGE_TYPE_UNKNOWN"],
  ["a type in other letters", frame(bytes(0x81, type, text("Commit"))), "MESSAGE_TYPE_UNKNOWN"],
  ["a type that objects inherit", frame(bytes(0x81, type, text("constructor"))), "MESSAGE_TYPE_UNKNOWN"],
  [
    "an unknown type, not ignorable",
    frame(bytes(0x82, type, text("hint"), text("ignorable"), 0xc2)),
    "MESSAGE_TYPE_UNKNOWN",
  ],
  [
    "an unknown type, ignorable by a 1",
    frame(bytes(0x82, type, text("hint"), text("ignorable"), 1)),
    "MESSAGE_TYPE_UNKNOWN",
  ],

  [
    "accept without its version",
    message("accept", 2, text("features"), 0x90, text("pid"), 1),
    "MESSAGE_FIELD_MISSING",
  ],
  ["state-wanted with nothing", message("state-wanted", 0), "MESSAGE_FIELD_MISSING"],
  ["state with nothing", message("state", 0), "MESSAGE_FIELD_MISSING"],
  [
    "offer: a listener without its address",
    offer({ listeners: [0x91, 0x82, ...text("name"), ...text("a"), ...text("descriptor"), 4] }),
    "MESSAGE_FIELD_MISSING",
  ],
  [
    "offer: an address without its kind",
    offer({ listeners: [0x91, ...listener({ address: [0x81, ...text("path"), ...text("/a")] })] }),
    "MESSAGE_FIELD_MISSING",
  ],
  [
    "connections: whether it is still does not stand there",
    connections([0x82, text("listener"), text("a"), text("protocol"), text("p")].flat()),
    "MESSAGE_FIELD_MISSING",
  ],
  ["connections-released: without its batch", message("connections-released", 0), "MESSAGE_FIELD_MISSING"],
  [
    "superseded: not marked ignorable",
    message("superseded", 1, text("generation"), 3),
    "MESSAGE_FIELD_MISSING",
  ],
  [
    "superseded: ignorable is false",
    message("superseded", 2, text("ignorable"), 0xc2, text("generation"), 3),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "superseded: by a generation that can have no grandparent",
    message("superseded", 2, text("ignorable"), 0xc3, text("generation"), 2),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "farewell: without what it closed",
    message("farewell", 3, text("finished"), 0, text("moved"), 0, text("cut"), 0),
    "MESSAGE_FIELD_MISSING",
  ],
  [
    "ignorable does not excuse a known type",
    message("accept", 1, text("ignorable"), 0xc3),
    "MESSAGE_FIELD_MISSING",
  ],

  ["accept: version 0", accept({ version: [0] }), "MESSAGE_FIELD_INVALID"],
  ["accept: version 65,536", accept({ version: bytes("ce 00010000") }), "MESSAGE_FIELD_INVALID"],
  ["accept: a version that is a string", accept({ version: text("1") }), "MESSAGE_FIELD_INVALID"],
  ["accept: a process above C's int", accept({ pid: bytes("ce 80000000") }), "MESSAGE_FIELD_INVALID"],
  ["accept: a process that is a float", accept({ pid: bytes("cb 3ff0000000000000") }), "ENCODING_TYPE"],
  ["accept: process 0", accept({ pid: [0] }), "MESSAGE_FIELD_INVALID"],
  ["accept: features that are a map", accept({ features: [0x80] }), "MESSAGE_FIELD_INVALID"],
  [
    "accept: a feature twice",
    accept({ features: [0x92, ...text("a"), ...text("a")] }),
    "MESSAGE_FIELD_INVALID",
  ],
  ["accept: a feature without a name", accept({ features: [0x91, ...text("")] }), "MESSAGE_FIELD_INVALID"],
  [
    "accept: 33 features",
    accept({ features: bytes("dc 0021", ...Array.from({ length: 33 }, (_, i) => text(`f${i}`))) }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: version 0",
    offer({ protocol: [0x82, text("min"), 0, text("max"), 1].flat() }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: 65 listeners",
    offer({
      listeners: [
        ...[0xdc, 0, 65],
        ...Array.from({ length: 65 }, (_, i) => listener({ name: `l${i}`, descriptor: [0xcd, 1, i] })).flat(),
      ],
    }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: min above max",
    offer({ protocol: [0x82, text("min"), 2, text("max"), 1].flat() }),
    "MESSAGE_FIELD_INVALID",
  ],
  ["offer: generation 1, which has no parent", offer({ generation: [1] }), "MESSAGE_FIELD_INVALID"],
  [
    "offer: a deadline of 2^31 milliseconds",
    offer({ commitMs: bytes("ce 80000000") }),
    "MESSAGE_FIELD_INVALID",
  ],
  ["offer: the channel for descriptors as well", offer({ descriptorChannel: [3] }), "MESSAGE_FIELD_INVALID"],
  [
    "offer: the channel for descriptors as a listener",
    offer({ descriptorChannel: [4], listeners: [0x91, ...listener({})] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a standard descriptor as the channel for descriptors",
    offer({ descriptorChannel: [1] }),
    "MESSAGE_FIELD_INVALID",
  ],
  ["offer: a standard descriptor as the channel", offer({ channel: [2] }), "MESSAGE_FIELD_INVALID"],
  [
    "offer: the channel as a listener",
    offer({ listeners: [0x91, ...listener({ descriptor: [3] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a standard descriptor as a listener",
    offer({ listeners: [0x91, ...listener({ descriptor: [0] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a descriptor in its own custody",
    offer({ listeners: [0x91, ...listener({ rest: [...text("custody"), 4] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: two listeners on one descriptor",
    offer({ listeners: [0x92, ...listener({}), ...listener({ name: "b" })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: two listeners of one name",
    offer({ listeners: [0x92, ...listener({}), ...listener({ descriptor: [5] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a name of 65 bytes",
    offer({ listeners: [0x91, ...listener({ name: "n".repeat(65) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a name of 33 characters in 66 bytes",
    offer({ listeners: [0x91, ...listener({ name: "é".repeat(33) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a kind of address that does not exist",
    offer({ listeners: [0x91, ...listener({ address: [0x81, ...text("kind"), ...text("sctp")] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: an address that is a string",
    offer({ listeners: [0x91, ...listener({ address: text("/a") })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a relative path",
    offer({ listeners: [0x91, ...listener({ address: unix("a.sock") })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a path of 108 bytes",
    offer({ listeners: [0x91, ...listener({ address: unix(`/${"p".repeat(107)}`) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a NUL inside a path",
    offer({ listeners: [0x91, ...listener({ address: unix("/a\u0000b") })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a NUL without an abstract name",
    offer({ listeners: [0x91, ...listener({ address: unix("\u0000") })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: a host name",
    offer({ listeners: [0x91, ...listener({ address: tcp("localhost", 80) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  ...["fe80::1%", "fe80::1%a%b", "fe80::1%a b", "fe80::1%a\n", "fe80::1%é", "%eth0", "fe80\n::1", "12"].map(
    (host) => [
      `offer: the host ${JSON.stringify(host)}`,
      offer({ listeners: [0x91, ...listener({ address: tcp(host, 80) })] }),
      "MESSAGE_FIELD_INVALID",
    ],
  ),
  [
    "offer: port 0",
    offer({ listeners: [0x91, ...listener({ address: tcp("::", 0) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: port 65,536",
    offer({ listeners: [0x91, ...listener({ address: tcp("::", ...bytes("ce 00010000")) })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: an inode with a leading zero",
    offer({ listeners: [0x91, ...listener({ rest: [...text("inode"), ...text("01")] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "offer: an inode that is an integer",
    offer({ listeners: [0x91, ...listener({ rest: [...text("inode"), 7] })] }),
    "MESSAGE_FIELD_INVALID",
  ],
  ["offer: a parent that is an integer", offer({ parent: [1] }), "MESSAGE_FIELD_INVALID"],
  ["ready: a listener twice", ready(["a", "inherited"], ["a", "inherited"]), "MESSAGE_FIELD_INVALID"],
  [
    "ready: a listener inherited and dropped",
    ready(["a", "inherited"], ["a", "dropped"]),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "ready: a listener dropped, created and dropped",
    ready(["a", "dropped"], ["a", "created"], ["a", "dropped"]),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "ready: a listener dropped, created and created",
    ready(["a", "dropped"], ["a", "created"], ["a", "created"]),
    "MESSAGE_FIELD_INVALID",
  ],
  ["ready: a disposition that does not exist", ready(["a", "kept"]), "MESSAGE_FIELD_INVALID"],
  [
    "progress: more than all of it",
    progress(text("a"), ...text("permille"), ...bytes("cd 03e9")),
    "MESSAGE_FIELD_INVALID",
  ],
  ["progress: a step that is bytes", progress(bytes("c4 01 61")), "MESSAGE_FIELD_INVALID"],
  [
    "state-wanted: version 0",
    message("state-wanted", 2, text("stream"), text("s"), text("version"), 0),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state-wanted: a stream without a name",
    message("state-wanted", 2, text("stream"), text(""), text("version"), 1),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: bytes without a version",
    message(
      "state",
      4,
      text("stream"),
      text("s"),
      text("phase"),
      text("warm"),
      text("bytes"),
      "c4 01 00",
      text("last"),
      0xc3,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: no version, and not the last",
    message(
      "state",
      4,
      text("stream"),
      text("s"),
      text("phase"),
      text("warm"),
      text("bytes"),
      "c4 00",
      text("last"),
      0xc2,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: bytes that are a string",
    message(
      "state",
      5,
      text("stream"),
      text("s"),
      text("phase"),
      text("warm"),
      text("version"),
      1,
      text("bytes"),
      text("a"),
      text("last"),
      0xc2,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: a phase that does not exist",
    message(
      "state",
      5,
      text("stream"),
      text("s"),
      text("phase"),
      text("hot"),
      text("version"),
      1,
      text("bytes"),
      "c4 00",
      text("last"),
      0xc2,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: a last that is an integer",
    message(
      "state",
      5,
      text("stream"),
      text("s"),
      text("phase"),
      text("warm"),
      text("version"),
      1,
      text("bytes"),
      "c4 00",
      text("last"),
      1,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "state: a piece of 65,537 bytes",
    message(
      "state",
      5,
      text("stream"),
      text("s"),
      text("phase"),
      text("warm"),
      text("version"),
      1,
      text("bytes"),
      "c6 00010001",
      new Uint8Array(65_537),
      text("last"),
      0xc2,
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "connections: none",
    message("connections", 2, text("batch"), 1, text("connections"), 0x90),
    "MESSAGE_FIELD_INVALID",
  ],
  ["connections: batch 0", connections(moved, [0]), "MESSAGE_FIELD_INVALID"],
  [
    "connections: more than a batch has",
    message(
      "connections",
      2,
      text("batch"),
      1,
      text("connections"),
      "dc 00fe",
      Array(254).fill(moved).flat(),
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  ["connections: still is an integer", connections([...moved.slice(0, -1), 1]), "MESSAGE_FIELD_INVALID"],
  [
    "connections: a protocol without a name",
    connections([0x83, text("listener"), text("a"), text("protocol"), text(""), text("still"), 0xc3].flat()),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "connections: state that is text",
    connections([0x84, moved.slice(1), text("state"), text("s")].flat()),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "connections-awaited: a protocol that stands twice",
    message("connections-awaited", 1, text("protocols"), 0x92, text("p"), text("p")),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "connections-awaited: 33 protocols",
    message(
      "connections-awaited",
      1,
      text("protocols"),
      "dc 0021",
      Array.from({ length: 33 }, (_, i) => text(`p${i}`)).flat(),
    ),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "connections-adopted: more than a batch has",
    message("connections-adopted", 2, text("batch"), 1, text("count"), "cc fe"),
    "MESSAGE_FIELD_INVALID",
  ],
  ["connections-late: no bytes", late(0, "c4 00"), "MESSAGE_FIELD_INVALID"],
  [
    "connections-late: 65,537 bytes in one piece",
    late(0, bytes("c6 00010001", new Uint8Array(65_537))),
    "MESSAGE_FIELD_INVALID",
  ],
  ["connections-late: an index that no batch has", late("cc fd", "c4 01 47"), "MESSAGE_FIELD_INVALID"],
  [
    "abort: a code that is empty",
    message("abort", 2, text("code"), text(""), text("message"), text("")),
    "MESSAGE_FIELD_INVALID",
  ],
  [
    "abort: a message of 2,049 bytes",
    message(
      "abort",
      2,
      text("code"),
      text("A"),
      text("message"),
      "da 0801",
      new Uint8Array(2_049).fill(0x61),
    ),
    "MESSAGE_FIELD_INVALID",
  ],
];
