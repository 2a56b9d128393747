const empty = new Uint8Array(0);

const minimalOffer = {
  type: "offer",
  protocol: { min: 1, max: 1 },
  generation: 2,
  parent: { pid: 1 },
  channel: 3,
  listeners: [],
  deadlines: { commitMs: 1 },
  features: [],
};

const tcp = {
  name: "http",
  address: { kind: "tcp", host: "0.0.0.0", port: 8080 },
  descriptor: 5,
  custody: 6,
  inode: "48211903",
};

export const fullOffer = {
  type: "offer",
  protocol: { min: 1, max: 4 },
  generation: 7,
  parent: { pid: 48102 },
  channel: 3,
  descriptorChannel: 4,
  listeners: [
    tcp,
    {
      name: "https",
      address: { kind: "tcp", host: "::", port: 443, ipv6Only: true },
      descriptor: 7,
      custody: 8,
      inode: "18446744073709551615",
    },
    { name: "admin", address: { kind: "unix", path: "/run/service/admin.sock" }, descriptor: 9 },
    {
      name: "metrics",
      address: { kind: "unix", path: "\u0000service/metrics" },
      descriptor: 10,
      custody: 11,
    },
    {
      name: "statsd",
      address: { kind: "udp", host: "FE80::0a1%br_0.100-a", port: 8125 },
      descriptor: 12,
      inode: "0",
    },
    {
      name: "discovery",
      address: { kind: "udp", host: "::", port: 65_535, ipv6Only: false },
      descriptor: 2_147_483_647,
    },
  ],
  deadlines: { commitMs: 5_000 },
  features: ["connections", "state"],
};

export const fullOfferJustOne = { ...minimalOffer, listeners: [tcp] };

/** Hosts that no kernel would tell: to find that out is not the decoder's. */
export const offerOfNoAddresses = {
  ...minimalOffer,
  listeners: ["1.2", ":::", "1.2:3"].map((host, index) => ({
    name: host,
    address: { kind: "tcp", host, port: 80 },
    descriptor: 4 + index,
  })),
};

const idle = { listener: "http", protocol: "http/1.1", still: true };

const longText = `${"é".repeat(1_023)}!!`;

/** [what it shows, the message]: every type, every optional field with and without, and the ends of every range. */
export const validMessages = [
  ["offer: nothing optional, no listeners", minimalOffer],
  ["offer: every kind of address", fullOffer],
  [
    "offer: 64 listeners with the longest names (array 16), the largest numbers, 32 features",
    {
      ...minimalOffer,
      protocol: { min: 65_535, max: 65_535 },
      generation: 4_294_967_295,
      parent: { pid: 2_147_483_647 },
      listeners: Array.from({ length: 64 }, (_, index) => ({
        name: `${"n".repeat(62)}${String(index).padStart(2, "0")}`,
        address: { kind: "unix", path: `/${"p".repeat(106)}` },
        descriptor: 100 + index,
      })),
      deadlines: { commitMs: 2_147_483_647 },
      features: Array.from({ length: 32 }, (_, index) => `feature-${index}`),
    },
  ],
  ["accept: no features", { type: "accept", version: 1, features: [], pid: 128 }],
  ["accept: features", { type: "accept", version: 65_535, features: ["connections", "state"], pid: 48_213 }],
  [
    "refuse: the versions do not meet",
    {
      type: "refuse",
      code: "VERSION_UNSUPPORTED",
      message: "the parent speaks versions 1-1, this child speaks 3-4",
      supported: { min: 3, max: 4 },
    },
  ],
  [
    "refuse: a code of a later version, no message",
    { type: "refuse", code: "SOMETHING_NEW", message: "", supported: { min: 1, max: 256 } },
  ],
  ["abort: a reason", { type: "abort", code: "DEADLINE_EXPIRED", message: "not ready within 30 s — leave" }],
  ["abort: the longest message (string 16)", { type: "abort", code: "HOOK_FAILED", message: longText }],
  [
    "abort: a message with a byte order mark that is not its first character",
    { type: "abort", code: "HOOK_FAILED", message: `x\ufeff${"x".repeat(70)}` },
  ],
  ["abort: four-byte characters", { type: "abort", code: "CHILD_FAILED", message: "🜁\u{10ffff}" }],
  ["progress: a step", { type: "progress", step: "connect to the database" }],
  ["progress: nothing done yet", { type: "progress", step: "warm", permille: 0 }],
  [
    "progress: 32 bytes of name (string 8), all done",
    { type: "progress", step: "s".repeat(32), permille: 1_000 },
  ],
  ["ready: no listeners", { type: "ready", listeners: [] }],
  [
    "ready: every disposition",
    {
      type: "ready",
      listeners: [
        { name: "http", disposition: "inherited" },
        { name: "admin", disposition: "dropped" },
        { name: "metrics", disposition: "created" },
      ],
    },
  ],
  [
    "ready: a changed address is one dropped and one created listener",
    {
      type: "ready",
      listeners: [
        { name: "http", disposition: "dropped" },
        { name: "http", disposition: "created" },
      ],
    },
  ],
  ["state-wanted: the first version", { type: "state-wanted", stream: "cache", version: 1 }],
  [
    "state-wanted: the last version",
    { type: "state-wanted", stream: "s".repeat(64), version: 4_294_967_295 },
  ],
  ["state: nothing to send", { type: "state", stream: "tls", phase: "warm", bytes: empty, last: true }],
  [
    "state: an empty last piece",
    { type: "state", stream: "tls", phase: "final", version: 1, bytes: empty, last: true },
  ],
  [
    "state: bytes that are no text",
    {
      type: "state",
      stream: "tls",
      phase: "warm",
      version: 2,
      bytes: Uint8Array.of(0, 0xc1, 0xff),
      last: false,
    },
  ],
  [
    "state: 256 bytes (bin 16)",
    {
      type: "state",
      stream: "cache",
      phase: "warm",
      version: 4_294_967_295,
      bytes: new Uint8Array(256).fill(7),
      last: false,
    },
  ],
  ["state-adopted", { type: "state-adopted" }],
  ["commit", { type: "commit" }],
  ["committed", { type: "committed" }],
  ["relinquish", { type: "relinquish" }],
  ["relinquished", { type: "relinquished" }],
  ["superseded: the first that there can be", { type: "superseded", ignorable: true, generation: 3 }],
  ["superseded: the last number", { type: "superseded", ignorable: true, generation: 4_294_967_295 }],
  ["request", { type: "request" }],
  ["stop", { type: "stop" }],
  ["connections-awaited: none", { type: "connections-awaited", protocols: [] }],
  [
    "connections-awaited: two protocols",
    { type: "connections-awaited", protocols: ["http/1.1", "example.org/chat"] },
  ],
  [
    "connections-awaited: 32 protocols with the longest names (array 16)",
    {
      type: "connections-awaited",
      protocols: Array.from(
        { length: 32 },
        (_, index) => `${"p".repeat(62)}${String(index).padStart(2, "0")}`,
      ),
    },
  ],
  [
    "connections: with and without what is optional",
    {
      type: "connections",
      batch: 1,
      connections: [
        { ...idle, still: false },
        { ...idle, idleMs: 0, served: 0 },
        { ...idle, idleMs: 4_294_967_295, served: 65_536, state: Uint8Array.of(1, 2) },
        { listener: "ws", protocol: "example.org/chat", still: false, state: empty },
      ],
    },
  ],
  [
    "connections: a full batch",
    {
      type: "connections",
      batch: 65_536,
      connections: Array.from({ length: 253 }, () => idle),
    },
  ],
  ["connections-adopted: all of them", { type: "connections-adopted", batch: 1, count: 3 }],
  ["connections-adopted: none", { type: "connections-adopted", batch: 4_294_967_295, count: 0 }],
  [
    "connections-late: what was read from the second",
    { type: "connections-late", batch: 1, index: 1, bytes: Uint8Array.of(0x47, 0x45, 0x54) },
  ],
  [
    "connections-late: one byte of the last of a full batch",
    { type: "connections-late", batch: 4_294_967_295, index: 252, bytes: Uint8Array.of(0) },
  ],
  ["connections-released: the first batch", { type: "connections-released", batch: 1 }],
  [
    "connections-released: the last batch that there can be",
    { type: "connections-released", batch: 4_294_967_295 },
  ],
  ["farewell: nothing moved", { type: "farewell", finished: 0, moved: 0, closed: 0, cut: 0 }],
  [
    "farewell: each width of integer",
    { type: "farewell", finished: 127, moved: 255, closed: 65_535, cut: 4_294_967_295 },
  ],
];
