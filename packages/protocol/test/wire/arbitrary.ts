import fc from "fast-check";
import type { Address, Listener, ListenerDisposition } from "../../src/listener.js";
import type { Message, MovedConnection } from "../../src/message.js";

/* Arbitrary valid messages, written from spec/v1/messages.md, not from the schema. */

const encoder = new TextEncoder();
const utf8Bytes = (text: string) => encoder.encode(text).length;
const upTo = (max: number, min = 0) =>
  fc.string({ unit: "grapheme", minLength: Math.min(min, 1), maxLength: max }).filter((text) => {
    return utf8Bytes(text) <= max && utf8Bytes(text) >= min && !text.startsWith("\ufeff");
  });

const u32 = (min = 0) => fc.integer({ min, max: 4_294_967_295 });
const int = (min: number) => fc.integer({ min, max: 2_147_483_647 });
const name = upTo(64, 1);
const code = fc.oneof(fc.constantFrom("DEADLINE_EXPIRED", "HOOK_FAILED"), name);
const reason = upTo(2_048);
const version = fc.integer({ min: 1, max: 65_535 });
const versions = fc.tuple(version, version).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const features = fc.uniqueArray(name, { maxLength: 32 });
const pieces = (max: number) => fc.uint8Array({ maxLength: max, size: "large" });

const host = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 1, max: 65_535 });
const ip = { host, port, ipv6Only: fc.boolean() };
const path = fc.oneof(
  upTo(106).map((rest) => `/${rest.replaceAll("\0", "")}`),
  upTo(106, 1).map((rest) => `\0${rest}`),
);
const required = <const K extends string>(...requiredKeys: K[]) =>
  ({ requiredKeys, noNullPrototype: true }) as const;
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.record({ kind: fc.constant("tcp" as const), ...ip }, required("kind", "host", "port")),
  fc.record({ kind: fc.constant("udp" as const), ...ip }, required("kind", "host", "port")),
  fc.record({ kind: fc.constant("unix" as const), path }, required("kind", "path")),
);

const listeners: fc.Arbitrary<{ channel: number; descriptorChannel?: number; listeners: Listener[] }> = fc
  .tuple(
    fc.uniqueArray(name, { maxLength: 64 }),
    fc.uniqueArray(int(3), { minLength: 130, maxLength: 130 }),
    fc.array(
      fc.record({
        address,
        custody: fc.boolean(),
        inode: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      }),
      {
        minLength: 64,
        maxLength: 64,
      },
    ),
    fc.boolean(),
  )
  .map(([names, numbers, rest, second]) => ({
    channel: numbers[128] as number,
    ...(second ? { descriptorChannel: numbers[129] as number } : {}),
    listeners: names.map((name, index) => {
      const { address, custody, inode } = rest[index] as (typeof rest)[number];
      return {
        name,
        address,
        descriptor: numbers[index] as number,
        ...(custody ? { custody: numbers[64 + index] as number } : {}),
        ...(inode === null ? {} : { inode: inode.toString() }),
      };
    }),
  }));

const dispositions: fc.Arbitrary<ListenerDisposition[]> = fc
  .uniqueArray(fc.tuple(name, fc.constantFrom("inherited", "created", "dropped", "changed")), {
    selector: ([one]) => one,
    maxLength: 64,
  })
  .map((all) =>
    all.flatMap(([name, disposition]): ListenerDisposition[] =>
      disposition === "changed"
        ? [
            { name, disposition: "dropped" },
            { name, disposition: "created" },
          ]
        : [{ name, disposition: disposition as ListenerDisposition["disposition"] }],
    ),
  );

const connection: fc.Arbitrary<MovedConnection> = fc.record(
  { listener: name, protocol: name, still: fc.boolean(), idleMs: u32(), served: u32(), state: pieces(300) },
  required("listener", "protocol", "still"),
);

function tagged(type: Message["type"], fields: Record<string, fc.Arbitrary<unknown>>) {
  return fc.record({ type: fc.constant(type), ...fields }, { noNullPrototype: true });
}

export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.tuple(listeners, versions, u32(2), int(1), int(1), features).map(
    ([shared, protocol, generation, pid, commitMs, features]): Message => ({
      type: "offer",
      protocol,
      generation,
      parent: { pid },
      ...shared,
      deadlines: { commitMs },
      features,
    }),
  ),
  tagged("accept", { version, features, pid: int(1) }),
  tagged("refuse", { code, message: reason, supported: versions }),
  tagged("abort", { code, message: reason }),
  fc.record(
    { type: fc.constant("progress" as const), step: name, permille: fc.integer({ min: 0, max: 1_000 }) },
    required("type", "step"),
  ),
  tagged("ready", { listeners: dispositions }),
  tagged("state-wanted", { stream: name, version: u32(1) }),
  tagged("state", {
    stream: name,
    phase: fc.constantFrom("warm" as const, "final" as const),
    version: u32(1),
    bytes: pieces(65_536),
    last: fc.boolean(),
  }),
  ...(["state-adopted", "commit", "committed", "relinquish", "relinquished", "request", "stop"] as const).map(
    (type) => fc.constant({ type }),
  ),
  tagged("connections-awaited", { protocols: fc.uniqueArray(name, { maxLength: 32 }) }),
  tagged("connections", {
    batch: u32(1),
    connections: fc.array(connection, { minLength: 1, maxLength: 253 }),
  }),
  tagged("connections-adopted", { batch: u32(1), count: fc.integer({ min: 0, max: 253 }) }),
  tagged("connections-late", {
    batch: u32(1),
    index: fc.integer({ min: 0, max: 252 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 65_536, size: "large" }),
  }),
  tagged("connections-released", { batch: u32(1) }),
  tagged("superseded", {
    ignorable: fc.constant(true),
    generation: fc.integer({ min: 3, max: 4_294_967_295 }),
  }),
  tagged("farewell", { finished: u32(), moved: u32(), closed: u32(), cut: u32() }),
) as fc.Arbitrary<Message>;
