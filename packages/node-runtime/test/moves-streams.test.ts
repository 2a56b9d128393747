import { expect, onTestFinished, test } from "vitest";
import { KeptAlive } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { fixture, Service } from "./support/service.js";

const script = fixture("events.mjs");
const start = (drainDeadlineMs = 20_000) => Service.start({ options: { drainDeadlineMs } }, { script });

/** A client of an event stream that reads every byte of it by hand. */
class Reader {
  readonly client: KeptAlive;

  private constructor(client: KeptAlive) {
    this.client = client;
    onTestFinished(() => client.close());
  }

  static async open(service: Service, query = "", head = "HTTP/1.1\r\nHost: test\r\n"): Promise<Reader> {
    const reader = await Reader.ask(service, query, head);
    await eventually("the first event comes", () => reader.events.length > 0);
    return reader;
  }

  /** Waits for no event. */
  static async ask(service: Service, query = "", head = "HTTP/1.1\r\nHost: test\r\n"): Promise<Reader> {
    const { now } = service;
    const reader = new Reader(await KeptAlive.open(await service.target()));
    reader.client.socket.write(`GET /events?${query} ${head}\r\n`);
    await service.until("streamBegun", {}, now);
    return reader;
  }

  get isChunked(): boolean {
    return /^transfer-encoding: chunked\r$/im.test(this.client.received.toString("latin1"));
  }

  /** The body without its framing, which has to be right to the last byte. */
  get body(): { text: string; ended: boolean; rest: string } {
    const text = this.client.received.toString("latin1");
    let at = text.indexOf("\r\n\r\n") + 4;
    if (!this.isChunked) return { text: text.slice(at), ended: this.client.ended !== undefined, rest: "" };
    let body = "";
    for (;;) {
      const head = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 12));
      if (head === null) return { text: body, ended: false, rest: text.slice(at) };
      const length = Number.parseInt(head[1] as string, 16);
      const end = at + head[0].length + length;
      if (text.slice(end, end + 2) !== "\r\n") return { text: body, ended: false, rest: text.slice(at) };
      body += text.slice(at + head[0].length, end);
      at = end + 2;
      if (length === 0) return { text: body, ended: true, rest: text.slice(at) };
    }
  }

  get events(): { id: number; generation: number }[] {
    return [...this.body.text.matchAll(/id: (\d+)\ndata: (\d+)\n\n/g)].map(([, id, generation]) => ({
      id: Number(id),
      generation: Number(generation),
    }));
  }

  async until(generation: number): Promise<void> {
    await eventually(`generation ${generation} goes on with the stream`, () =>
      this.client.ended === undefined ? this.events.at(-1)?.generation === generation : true,
    );
    expect(this.client.ended).toBeUndefined();
  }

  /** Events come in order, and none is missing or there twice. */
  expectWhole(): void {
    expect(this.events.map(({ id }) => id)).toEqual(this.events.map((_, i) => i + 1));
  }
}

// Red when what is written on the way is not held, when chunks are not framed, or when a parser's bytes are not looked at.
test.each([
  ["in chunks", undefined, true],
  ["to the end of the connection", "HTTP/1.0\r\nHost: test\r\n", false],
] as const)(
  "INV-4: event streams that are sent %s go on in the child, not an event lost or doubled",
  async (_, head, chunked) => {
    const service = await start();
    const readers = await Promise.all(Array.from({ length: 20 }, () => Reader.open(service, "", head)));
    for (let generation = 2; generation <= 4; generation += 1) {
      const { pid, now } = service;
      service.signal("SIGHUP");
      const report = await service.until("handoff", { pid }, now);
      expect(report).toMatchObject({ drain: { moved: 20, cut: 0, classes: { http: { moved: 20 } } } });
      await Promise.all(readers.map((reader) => reader.until(generation)));
    }
    for (const reader of readers) {
      expect(reader.isChunked).toBe(chunked);
      reader.expectWhole();
    }
  },
);

test("a stream that has moved ends in the child, and its connection goes on with the next request", async () => {
  const service = await start();
  const { pid } = service;
  const reader = await Reader.open(service, "until=700");
  service.signal("SIGHUP");
  await service.until("exit", { pid });
  await eventually("the stream ends", () => reader.body.ended);
  reader.expectWhole();
  expect(reader.events).toHaveLength(700);
  expect(reader.body.rest).toBe("");
  expect(await reader.client.whoami()).toMatchObject({ outcome: "ok", generation: 2 });
  const second = service.pid;
  service.signal("SIGHUP");
  await service.until("exit", { pid: second });
  expect(await reader.client.whoami()).toMatchObject({ outcome: "ok", generation: 3 });
});

// Red without the flush: Node keeps the head back for the first write, and the child's would come without it.
test("INV-4: a stream that moves before its first event keeps its head", async () => {
  const service = await start();
  const { pid } = service;
  const reader = await Reader.ask(service, "from=2");
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  await reader.until(2);
  expect(reader.client.received.toString("latin1")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(reader.isChunked).toBe(true);
  reader.expectWhole();
});

test("a client that leaves a stream that has moved is noticed", async () => {
  const service = await start();
  const reader = await Reader.open(service);
  service.signal("SIGHUP");
  await reader.until(2);
  reader.client.close();
  await service.until("streamClosed", { generation: 2 });
});

test("a request behind a stream keeps it where it is", async () => {
  const service = await start(2_000);
  const { pid } = service;
  const reader = await Reader.open(service);
  reader.client.socket.write("GET /half HTT");
  const other = await Reader.open(service);
  service.signal("SIGHUP");
  await other.until(2);
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 1 } });
  expect(reader.events.every(({ generation }) => generation === 1)).toBe(true);
});

test("a stream that nobody has added ends at the drain deadline", async () => {
  const service = await start(1_000);
  const { pid } = service;
  const reader = await Reader.open(service, "stays");
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 0, cut: 1 } });
  await reader.client.untilEnded();
});

// Red when its server takes it for a new one: it answers silence with 408 once headersTimeout has passed.
test("a connection whose stream has ended in the child waits for its next request, and moves on", async () => {
  const settings = { headersTimeout: 3_000, connectionsCheckingInterval: 50 };
  const listeners = [{ server: "http", host: "127.0.0.1", port: 0, settings }] as const;
  const service = await Service.start({ listeners, options: { drainDeadlineMs: 20_000 } }, { script });
  const { pid } = service;
  const reader = await Reader.open(service, "until=200");
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  await eventually("the stream ends", () => reader.body.ended);
  reader.expectWhole();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const second = service.pid;
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid: second })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  expect(await reader.client.whoami()).toMatchObject({ outcome: "ok", generation: 3 });
});

// Red when a response is asked for its fields: it does not have those that writeHead() was given.
test.each([
  ["Content-Encoding", "gzip"],
  ["Content-Length", "1000000"],
  ["Trailer", "Digest"],
  ["Transfer-Encoding", "gzip, chunked"],
])("a stream whose head says %s: %s stays where it is", async (name, value) => {
  const service = await start(1_000);
  const { pid } = service;
  const reader = await Reader.ask(service, `head=${encodeURIComponent(JSON.stringify({ [name]: value }))}`);
  await eventually("the head comes", () => reader.client.received.includes(`${name}: ${value}\r\n`));
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 0, cut: 1 } });
});

// Red when only what the client has asked for counts.
test("a stream that has moved closes its connection at the end, where its head has said so", async () => {
  const service = await start();
  const { pid } = service;
  const reader = await Reader.open(service, `until=200&head=${encodeURIComponent('{"Connection":"close"}')}`);
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  await eventually("it is closed", () => reader.client.ended);
  expect(reader.body.ended).toBe(true);
  reader.expectWhole();
});
