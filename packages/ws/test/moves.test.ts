import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import { type Config, Service } from "../../node-runtime/test/support/service.js";
import { NumberedClient } from "./support/numbered-client.js";

interface SocketsConfig extends Config {
  readonly sockets?: {
    readonly hooks?: boolean;
    readonly deflate?: boolean | object;
    readonly tickMs?: number;
    readonly slowMs?: number;
    readonly fails?: "isBusy" | "exportState" | "importState";
  };
}

const script = fileURLToPath(new URL("fixtures/service.mjs", import.meta.url));
const patient = { drainDeadlineMs: 20_000 };

function configured(config: SocketsConfig): SocketsConfig {
  return { ...config, options: { ...patient, ...config.options } };
}

const start = (config: SocketsConfig = {}) => Service.start(configured(config), { script });

async function open(service: Service, count: number, options = {}): Promise<NumberedClient[]> {
  const target = await service.target();
  const clients = await Promise.all(
    Array.from({ length: count }, () => NumberedClient.open(target, options)),
  );
  onTestFinished(() => {
    for (const client of clients) client.end();
  });
  return clients;
}

async function only(service: Service, options = {}): Promise<NumberedClient> {
  const [client] = await open(service, 1, options);
  return client as NumberedClient;
}

/** Restarts, and waits until the parent has left. */
async function restart(service: Service): Promise<void> {
  const { pid, now } = service;
  service.signal("SIGHUP");
  await service.until("exit", { pid }, now);
}

// Red when state is told as a connection is paused, when writes are not held, or when they are not passed on.
test("INV-4: WebSockets go on through five restarts: none is closed, and no message is lost or doubled", async () => {
  const service = await start();
  const clients = await open(service, 100);
  for (const client of clients) client.begin(40);
  for (let i = 0; i < 5; i += 1) await restart(service);
  await Promise.all(clients.map((client) => client.settle()));
  expect(clients.filter((client) => !client.isWhole)).toEqual([]);
  expect(await clients[0]?.ask()).toMatchObject({
    generation: 6,
    clients: 100,
    url: "/live?client",
    protocol: "chat",
  });
  // Nobody was told of a close.
  expect(service.lines.filter(({ event }) => event === "webSocketClosed")).toEqual([]);
  const moved = service.lines.filter(({ event }) => event === "handoff");
  expect(moved).toHaveLength(5);
  for (const { drain } of moved)
    expect(drain).toMatchObject({ moved: 100, cut: 0, classes: { upgraded: { moved: 100 } } });
});

test("INV-4: a child killed while WebSockets move costs none", async () => {
  const service = await start();
  const { pid } = service;
  const clients = await open(service, 12);
  for (const client of clients) client.begin(10);
  service.arm({ role: "child", effect: "adoptConnections", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  for (const client of clients) client.send();
  await restart(service);
  await Promise.all(clients.map((client) => client.settle()));
  expect(clients.filter((client) => !client.isWhole)).toEqual([]);
});

// Red when the frame's own parts are not looked at: the rest would be taken for the head of a frame.
test("INV-4: a WebSocket in the middle of a message stays until the message is whole, and then moves", async () => {
  const service = await start({ sockets: { tickMs: 0 } });
  const { pid } = service;
  const fragmented = await only(service);
  fragmented.ws.send("1 in ", { fin: false });
  const halved = await only(service);
  const frame = Buffer.from([0x81, 0x8a, 0, 0, 0, 0, ...Buffer.from("1 in parts")]);
  rawOf(halved).write(frame.subarray(0, 9));
  // What came after it has been read: so has it.
  await (await only(service)).ask();
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, on: "connectionsAdoptedReceived" });
  fragmented.sent = 1;
  halved.sent = 1;
  fragmented.ws.send("parts", { fin: true });
  rawOf(halved).write(frame.subarray(9));
  await Promise.all([fragmented.settle(), halved.settle()]);
  for (const client of [fragmented, halved])
    expect(client.said).toMatchObject([{ generation: 1, received: 1 }]);
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 3, cut: 0 } });
  for (const client of [fragmented, halved]) {
    client.send();
    await client.settle();
    expect(client.said.at(-1)).toMatchObject({ generation: 2, received: 2 });
    expect(client.isWhole).toBe(true);
  }
});

// Red without the look at what is not written yet.
test("INV-4: what a slow reader is still owed arrives whole, and then its WebSocket moves", async () => {
  const service = await start({ sockets: { tickMs: 0 } });
  const { pid } = service;
  const client = await only(service);
  const bytes = 16 * 1024 * 1024;
  rawOf(client).pause();
  client.ws.send(`much ${bytes}`);
  await (await only(service)).ask();
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, on: "connectionsAdoptedReceived" });
  rawOf(client).resume();
  await eventually("all of it has come", () => client.received >= bytes);
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 2, cut: 0 } });
  expect(await client.ask()).toMatchObject({ generation: 2 });
});

test("INV-4: a WebSocket that is being closed is closed where that began, with the server's code", async () => {
  const service = await start({ sockets: { tickMs: 0 } });
  const { pid } = service;
  const client = await only(service);
  rawOf(client).pause();
  client.ws.send("close me");
  await (await only(service)).ask();
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, on: "connectionsAdoptedReceived" });
  rawOf(client).resume();
  await eventually("the client's is closed", () => client.closed !== undefined);
  expect(client.closed).toBe(4000);
  await service.until("exit", { pid });
});

test("INV-4: a WebSocket whose answer is still being worked on stays until the client has it", async () => {
  const service = await start({ sockets: { tickMs: 0, slowMs: 300 } });
  const clients = await open(service, 5);
  for (let i = 0; i < 3; i += 1) {
    for (const client of clients) client.send();
    await restart(service);
  }
  await Promise.all(clients.map((client) => client.settle()));
  expect(clients.filter((client) => !client.isWhole)).toEqual([]);
});

test("compressed WebSockets move where each message is compressed by itself, and are closed with 1012 elsewhere", async () => {
  const options = { drainDeadlineMs: 4_000 };
  const service = await start({
    options,
    sockets: { deflate: { serverNoContextTakeover: true, threshold: 0 } },
  });
  const { pid } = service;
  const stateless = await only(service, {
    perMessageDeflate: { clientNoContextTakeover: true, serverNoContextTakeover: true, threshold: 0 },
  });
  const remembering = await only(service, { perMessageDeflate: { threshold: 0 } });
  expect(stateless.ws.extensions).toBe("permessage-deflate");
  stateless.begin(20);
  remembering.begin(20);
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  await eventually("it is closed", () => remembering.closed !== undefined);
  expect(remembering.closed).toBe(1012);
  await stateless.settle();
  expect(stateless.isWhole).toBe(true);
  expect(await stateless.ask()).toMatchObject({ generation: 2 });
});

test("without hooks WebSockets are closed with 1012, each at its own moment of the drain", async () => {
  const service = await start({ options: { drainDeadlineMs: 3_000 }, sockets: { hooks: false } });
  const { pid } = service;
  const clients = await open(service, 40);
  const closedAt: number[] = [];
  for (const client of clients) client.ws.on("close", () => closedAt.push(performance.now()));
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({
    drain: { moved: 0, finished: 40, cut: 0 },
  });
  await eventually("all are closed", () => closedAt.length === 40);
  expect(clients.every(({ closed }) => closed === 1012)).toBe(true);
  // Not all at once: in every half of the time there are some.
  const [first = 0, last = 0] = [closedAt.at(0), closedAt.at(-1)];
  expect(closedAt.filter((at) => at < (first + last) / 2).length).toBeGreaterThan(5);
  expect(closedAt.filter((at) => at > (first + last) / 2).length).toBeGreaterThan(5);
});

test("INV-4: WebSockets that stay after all, since noise has made the child deaf, lose nothing and are closed with 1012", async () => {
  const service = await start({ before: "sendsWithGarbage", options: { drainDeadlineMs: 10_000 } });
  const { pid } = service;
  const clients = await open(service, 12);
  for (const client of clients) client.begin(20);
  service.signal("SIGHUP");
  await service.until("step", { pid, on: "connectionsDeclinedReceived" });
  for (const client of clients) await client.settle();
  expect(clients.every(({ isWhole }) => isWhole)).toBe(true);
  for (const client of clients) expect(await client.ask()).toMatchObject({ generation: 1 });
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 0, cut: 0 } });
  await eventually("all are closed", () => clients.every(({ closed }) => closed !== undefined));
  expect(clients.map(({ closed }) => closed)).toEqual(clients.map(() => 1012));
});

// Red when what isBusy throws is left to the process, which would end with all of its connections.
test.each(["isBusy", "exportState", "importState"] as const)(
  "a WebSocket whose %s fails is closed with 1012",
  async (fails) => {
    const service = await start({ sockets: { fails } });
    const client = await only(service);
    await restart(service);
    await eventually("it is closed", () => client.closed !== undefined);
    expect(client.closed).toBe(1012);
    expect(await service.until("warning")).toMatchObject({ message: expect.stringContaining(fails) });
  },
);

test("a service that ends closes its WebSockets with 1001", async () => {
  const service = await start();
  const clients = await open(service, 10);
  service.signal("SIGTERM");
  await service.gone();
  await eventually("all are closed", () => clients.every(({ closed }) => closed !== undefined));
  expect(clients.map(({ closed }) => closed)).toEqual(clients.map(() => 1001));
});

test("after a rollback WebSockets stay open, and nothing closes them later", async () => {
  const service = await start({ options: { drainDeadlineMs: 3_000 }, sockets: { hooks: false } });
  const { pid } = service;
  const client = await only(service);
  service.arm({ role: "child", effect: "reportOwner", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  client.send();
  await client.settle();
  // The time in which it would have been told.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  client.send();
  await client.settle();
  expect(client.isWhole).toBe(true);
});

function rawOf({ ws }: NumberedClient): import("node:net").Socket {
  return (ws as unknown as { _socket: import("node:net").Socket })._socket;
}
