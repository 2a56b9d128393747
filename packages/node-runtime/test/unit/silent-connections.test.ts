import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, createServer as createNetServer, type ListenOptions, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { SilentConnections } from "../../src/drain/silent-connections.js";
import { type Connection, descriptorOf, startReading, stopReading } from "../../src/node-internals.js";
import { loadSyscalls, type Syscalls } from "../../src/syscalls.js";
import { eventually } from "../support/eventually.js";

const { duplicate } = (await loadSyscalls()) as Syscalls;
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A server that says how long the bodies were that it got, and their SHA-256; and a client of it, as silent as after a move. */
async function silent(
  moved: { served?: number; idleMs?: number } = {},
  { listen = { port: 0, host: "127.0.0.1" }, prepare = (_: Server) => {} }: Options = {},
) {
  let raw: Socket | undefined;
  const first = createServer().once("connection", (socket: Socket) => {
    stopReading(socket);
    raw = socket;
  });
  const server = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    response.end(sha256(Buffer.concat(body)));
  });
  prepare(server);
  for (const each of [first, server]) {
    each.listen(listen);
    await once(each, "listening");
    if ("path" in listen) listen = { path: `${listen.path}2` };
  }
  const address = first.address() as { port: number } | string;
  const client = typeof address === "string" ? connect(address) : connect(address.port, "127.0.0.1");
  await once(client, "connect");
  await eventually("the client is accepted", () => raw !== undefined);
  const connections = new Set<Connection>();
  const gone: Connection[] = [];
  const all = new SilentConnections(server, connections, (connection) => gone.push(connection));
  all.add(
    duplicate(descriptorOf(raw as Socket) as number),
    { listener: "web", protocol: "http/1.1", still: true, ...moved },
    [],
  );
  (raw as Socket).destroy();
  let received = "";
  client.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  client.on("error", () => {});
  opened.push(
    () => client.destroy(),
    () => first.close(),
    () => server.close(),
  );
  return { client, server, all, connections, gone, received: () => received };
}

interface Options {
  readonly listen?: ListenOptions;
  readonly prepare?: (server: Server) => void;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const countOf = (server: Server) => promisify(server.getConnections.bind(server))();
const upload = (body: Buffer) =>
  Buffer.concat([
    Buffer.from(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ]);

test.each(["TCP", "Unix"])(
  "what a silent connection says first, and all that follows, comes whole over %s",
  async (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "heirloom-silent-"));
    opened.push(() => rmSync(folder, { recursive: true }));
    const listen = kind === "Unix" ? { path: join(folder, "socket") } : undefined;
    const { client, server, all, connections, received } = await silent({}, listen && { listen });
    expect([...all, ...connections]).toHaveLength(2);
    expect(await countOf(server)).toBe(1);
    const bodies = [Buffer.from("short"), randomBytes(3_000_000), Buffer.alloc(0)];
    for (const body of bodies) client.write(upload(body));
    await eventually("all is answered", () => bodies.every((body) => received().includes(sha256(body))));
    expect(received().indexOf(sha256(bodies[1] as Buffer))).toBeGreaterThan(
      received().indexOf(sha256(bodies[0] as Buffer)),
    );
    expect([...all, ...connections]).toEqual([]);
    expect(await countOf(server)).toBe(1);
    client.end();
    await eventually("the server knows that it has closed", async () => (await countOf(server)) === 0);
  },
);

test.each(["destroy", "resetAndDestroy"] as const)(
  "a silent connection that its client ends with %s is gone",
  async (end) => {
    const { client, server, all, gone } = await silent();
    const [connection] = all;
    client[end]();
    await eventually("it is gone", () => gone.length > 0);
    expect(gone).toEqual([connection]);
    expect([...all]).toEqual([]);
    expect(await countOf(server)).toBe(0);
  },
);

test("nothing is read of a silent connection that is stopped until it is started again", async () => {
  const { client, all, received } = await silent();
  const [connection] = all;
  expect(stopReading(connection as Connection)).toBe(true);
  client.write(upload(Buffer.from("patience")));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([...all]).toEqual([connection]);
  startReading(connection as Connection);
  await eventually("it is answered", () => received().includes(sha256(Buffer.from("patience"))));
});

test("a connection that stays silent for too long is closed, counted from its last request", async () => {
  const hour = { prepare: (server: Server) => void Object.assign(server, { keepAliveTimeout: 3_600_000 }) };
  const patient = await silent({ served: 1, idleMs: 0 }, hour);
  const late = await silent({ served: 1, idleMs: 3_610_000 }, hour);
  await once(late.client, "close");
  expect(late.gone).toHaveLength(1);
  expect(patient.gone).toHaveLength(0);
});

// Red where what has been read of the next request is left behind in the socket.
test("a connection whose response has ended is silent from then on, unless its next request has come", async () => {
  const { server, all, connections } = await silent();
  for (const already of [...all]) already.destroy();
  connections.clear();
  const before = createNetServer().listen(0, "127.0.0.1");
  await once(before, "listening");
  const client = connect((before.address() as { port: number }).port, "127.0.0.1");
  opened.push(
    () => client.destroy(),
    () => before.close(),
  );
  const [socket] = (await once(before, "connection")) as [Socket];
  connections.add(socket);
  client.write("GET");
  socket.read(0);
  await eventually("it has come", () => socket.readableLength === 3);
  expect(all.takeUp(socket)).toBe(false);
  expect([...connections]).toEqual([socket]);
  socket.read();
  expect(all.takeUp(socket)).toBe(true);
  expect([...connections]).toEqual([...all]);
  expect(await countOf(server)).toBe(1);
  let received = "";
  client.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  client.write(upload(Buffer.from("next")));
  await eventually("it is answered", () => received.includes(sha256(Buffer.from("next"))));
  client.end();
  await eventually("the server knows that it has closed", async () => (await countOf(server)) === 0);
});

// Red where the server's `timeout`, which is for what is under way, counts between two requests, too.
test("a connection that was used is kept as long as its server keeps alive, whatever else times out", async () => {
  const prepare = (server: Server) =>
    void Object.assign(server, { keepAliveTimeout: 3_600_000, timeout: 50 });
  const used = await silent({ served: 1, idleMs: 60_000 }, { prepare });
  const unused = await silent({ served: 0, idleMs: 60_000 }, { prepare });
  await once(unused.client, "close");
  expect(unused.gone).toHaveLength(1);
  expect(used.gone).toHaveLength(0);
});

test("where its server sets no limit to keeping alive, its timeout counts", async () => {
  const prepare = (server: Server) => void Object.assign(server, { keepAliveTimeout: 0, timeout: 50 });
  const { client, gone } = await silent({ served: 1, idleMs: 60_000 }, { prepare });
  await once(client, "close");
  expect(gone).toHaveLength(1);
});

// Red where a timer is set to more than it can take: it fires at once, again and again.
test("a connection may be kept for longer than a timer runs", async () => {
  const warnings: string[] = [];
  const warn = ({ name }: Error) => warnings.push(name);
  process.on("warning", warn);
  opened.push(() => process.off("warning", warn));
  const prepare = (server: Server) => void Object.assign(server, { keepAliveTimeout: 2 ** 31 });
  const { all } = await silent({ served: 1 }, { prepare });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([...all]).toHaveLength(1);
  expect(warnings).toEqual([]);
});

// Red where the timer closes at once: timers come before reading.
test("a process that stood still reads what came meanwhile before it calls a connection silent", async () => {
  const short = { prepare: (server: Server) => void Object.assign(server, { keepAliveTimeout: 300 }) };
  const { client, received } = await silent({ served: 1, idleMs: 0 }, short);
  client.write(upload(Buffer.from("in time")));
  // By a second longer than it says the server keeps it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_800);
  await eventually("it is answered", () => received().includes(sha256(Buffer.from("in time"))));
});

test("who listens for timeouts gets the connection, and may let it live", async () => {
  const timedOut: Socket[] = [];
  const { client, connections, received } = await silent(
    { served: 1, idleMs: 3_610_000 },
    { prepare: (server) => server.on("timeout", (socket) => timedOut.push(socket)) },
  );
  await eventually("it is told", () => timedOut.length > 0);
  client.write(upload(Buffer.from("still here")));
  await eventually("it is answered", () => received().includes(sha256(Buffer.from("still here"))));
  expect([...connections]).toEqual([]);
});
