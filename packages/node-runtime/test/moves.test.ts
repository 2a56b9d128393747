import { expect, onTestFinished, test } from "vitest";
import { KeptAlive, request, type Target } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { isAlive, isStopped } from "./support/processes.js";
import { type Config, type Line, Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

const patient = { drainDeadlineMs: 20_000 };
const hourMs = 3_600_000;

async function start(config: Config = {}): Promise<{ service: Service; target: Target; pid: number }> {
  const service = await Service.start({ ...config, options: { ...patient, ...config.options } });
  const target = await service.target();
  return { service, target, pid: service.pid };
}

/** A kept-alive connection on which one request has been answered, or none yet. */
async function client(target: Target, { used = true } = {}): Promise<KeptAlive> {
  const opened = await KeptAlive.open(target);
  onTestFinished(() => opened.close());
  if (used) expect(await opened.whoami()).toMatchObject({ outcome: "ok", closes: false });
  // One that came after it is answered, so that it has been accepted.
  else expect((await request(target)).outcome).toBe("ok");
  return opened;
}

const open = (target: Target, count: number, options?: { used: boolean }) =>
  Promise.all(Array.from({ length: count }, () => client(target, options)));

/** Waits for the report of this process's handoff, which says what became of its connections. */
async function drained(service: Service, pid: number): Promise<Line> {
  const report = await service.until("handoff", { pid, outcome: "committed" });
  return report;
}

async function answered(clients: readonly KeptAlive[], generation: number): Promise<void> {
  const answers = await Promise.all(clients.map((each) => each.whoami()));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
    new Set([JSON.stringify(answeredBy(generation))]),
  );
}

const answeredBy = (generation: number) => ({ outcome: "ok", generation, closes: false });

// Red when silent connections are not listened to, when `released` is not sent, or when the parent ends connections as it
// parts with them.
test.each([
  ["TCP", [{ server: "http", host: "127.0.0.1", port: 0 }]],
  ["Unix", [{ server: "http", path: "api.sock" }]],
] as const)("INV-4: kept-alive connections over %s go on in the child, used or not", async (_, listeners) => {
  const { service, target, pid } = await start({ listeners });
  const used = await open(target, 40);
  const unused = await open(target, 10, { used: false });
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await drained(service, pid)).toMatchObject({
    drain: { moved: 50, closed: 0, cut: 0, classes: { http: { moved: 50 } } },
  });
  for (const each of [...used, ...unused]) {
    expect(await each.whoami()).toMatchObject(answeredBy(2));
    expect(await each.whoami()).toMatchObject(answeredBy(2));
  }
});

test("INV-4: connections go on from generation to generation, also those that say nothing in between", async () => {
  const { service, target } = await start();
  const [speaks, silent] = (await open(target, 2)) as [KeptAlive, KeptAlive];
  for (const generation of [2, 3, 4]) {
    await service.succeed();
    expect(await speaks.whoami()).toMatchObject(answeredBy(generation));
  }
  expect(await silent.whoami()).toMatchObject(answeredBy(4));
});

test("INV-4: with the option connections: close, connections are told to close instead", async () => {
  const { service, target, pid } = await start({ options: { connections: "close" } });
  const [each] = (await open(target, 1)) as [KeptAlive];
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  expect(await each.whoami()).toMatchObject({ outcome: "ok", generation: 1, closes: true });
});

// Red when a connection moves before its response has ended.
test("INV-4: a response and an upload that are under way are finished by the parent, and then the connection moves", async () => {
  const { service, target, pid } = await start();
  const slow = await client(target);
  slow.received = Buffer.alloc(0);
  slow.socket.write("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  expect(await slow.until((text) => text.includes("one"))).toBe(true);
  const upload = await client(target);
  upload.socket.write("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n\r\n0123456789");
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  upload.received = Buffer.alloc(0);
  upload.socket.write("0123456789");
  expect(await upload.until((text) => text.includes('"bytes":20'))).toBe(true);
  expect(upload.received.toString()).toContain('"generation":1');
  slow.socket.write("3\r\ntwo\r\n0\r\n\r\n");
  expect(await slow.until((text) => text.endsWith("0\r\n\r\n") && text.includes("two"))).toBe(true);
  expect(slow.received.toString()).toMatch(/^x-generation: 1\r$/im);
  await service.until("exit", { pid, status: 0 });
  for (const each of [slow, upload]) expect(await each.whoami()).toMatchObject(answeredBy(2));
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 2, cut: 0 } });
});

const head = (path: string, token: string) => `GET ${path}?token=${token} HTTP/1.1\r\nHost: test\r\n\r\n`;

// Red when bytes are counted instead of asking the parser: the second one's first half came in one piece with the first.
test("INV-4: half a request behind a whole one keeps a connection where it is until it is answered", async () => {
  const { service, target, pid } = await start();
  const each = await client(target);
  each.received = Buffer.alloc(0);
  const second = head("/whoami", "second");
  each.socket.write(head("/whoami", "first") + second.slice(0, 20));
  expect(await each.until((text) => text.includes('"token":"first"'))).toBe(true);
  service.signal("SIGHUP");
  await service.owner(2);
  const other = await client(target);
  expect(await other.whoami()).toMatchObject(answeredBy(2));
  each.socket.write(second.slice(20));
  expect(await each.until((text) => text.includes('"token":"second"'))).toBe(true);
  expect(each.received.toString()).not.toContain('"generation":2');
  await service.until("exit", { pid, status: 0 });
  expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// Red when only the current response is looked at: the second answer waits behind the first.
test("INV-4: answers to pipelined requests all come, in order", async () => {
  const { service, target, pid } = await start();
  const each = await client(target);
  each.received = Buffer.alloc(0);
  each.socket.write("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  expect(await each.until((text) => text.includes("one"))).toBe(true);
  each.socket.write(`0\r\n\r\n${head("/whoami", "a")}${head("/whoami", "b")}`);
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await each.until((text) => text.includes('"token":"b"'))).toBe(true);
  expect(each.received.toString()).toMatch(/one[\s\S]*"token":"a"[\s\S]*"token":"b"/);
  await service.until("exit", { pid, status: 0 });
  expect(await each.whoami()).toMatchObject(answeredBy(2));
});

test("INV-4: a request whose head has begun is answered where it began", async () => {
  const { service, target, pid } = await start();
  const each = await client(target);
  const text = head("/whoami", "slow");
  each.received = Buffer.alloc(0);
  each.socket.write(text.slice(0, 10));
  // Another one's whole request came after it.
  expect((await request(target)).generation).toBe(1);
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  each.socket.write(text.slice(10));
  expect(await each.until((received) => received.includes('"token":"slow"'))).toBe(true);
  expect(each.received.toString()).toContain('"generation":1');
});

test("INV-4: a client that was told to continue goes on with the same generation", async () => {
  const { service, target, pid } = await start();
  const each = await client(target);
  each.received = Buffer.alloc(0);
  each.socket.write(
    "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
  );
  expect(await each.until((text) => text.includes("100 Continue"))).toBe(true);
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  each.socket.write("abc");
  expect(await each.until((text) => text.includes('"bytes":3'))).toBe(true);
  expect(each.received.toString()).toContain('"generation":1');
  await service.until("exit", { pid, status: 0 });
  expect(await each.whoami()).toMatchObject(answeredBy(2));
});

test("INV-4: a connection that speaks something else by now stays with its generation", async () => {
  const { service, target, pid } = await start({ options: { drainDeadlineMs: 2_000 } });
  const each = await client(target);
  each.received = Buffer.alloc(0);
  each.socket.write("GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  expect(await each.until((text) => text.includes("101"))).toBe(true);
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  each.socket.write("hello\n");
  expect(await each.until((text) => text.includes('"token":"hello"'))).toBe(true);
  expect(each.received.toString()).toContain('"generation":1');
});

test("INV-4: a client that has said its last word gets its answer", async () => {
  const { service, target, pid } = await start();
  const slow = await SlowRequest.begin(target);
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  slow.client.socket.end("3\r\ntwo\r\n0\r\n\r\n");
  expect(await slow.client.until((text) => text.includes("two"))).toBe(true);
  // One that ends while it is silent in the child is closed there.
  const silent = await client(target);
  await service.until("exit", { pid, status: 0 });
  await service.succeed();
  silent.socket.end();
  await silent.untilEnded();
  expect(silent.ended).toBe("truncated");
});

// Red without the look at writableLength: the rest of the answer would be lost with the parent's copy.
test("INV-4: an answer that its client reads slowly arrives whole", async () => {
  const bytes = 32 * 1024 * 1024;
  const { service, target, pid } = await start({
    listeners: [{ server: "http", host: "127.0.0.1", port: 0, settings: { keepAliveTimeout: hourMs } }],
  });
  const each = await client(target);
  each.received = Buffer.alloc(0);
  let received = 0;
  each.socket.removeAllListeners("data");
  each.socket.pause();
  each.socket.write(`GET /large?bytes=${bytes} HTTP/1.1\r\nHost: test\r\n\r\n`);
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  await new Promise<void>((resolve) => {
    each.socket.on("data", (chunk) => {
      received += chunk.length;
      if (received > bytes) resolve();
    });
    each.socket.resume();
  });
  await service.until("exit", { pid, status: 0 });
  expect(each.ended).toBeUndefined();
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 1, cut: 0 } });
});

test("a limit on the requests of a connection holds across generations", async () => {
  const { service, target } = await start({
    listeners: [{ server: "http", host: "127.0.0.1", port: 0, settings: { maxRequestsPerSocket: 3 } }],
  });
  const each = await client(target);
  await service.succeed();
  expect(await each.whoami()).toMatchObject(answeredBy(2));
  await service.succeed();
  expect(await each.whoami()).toMatchObject({ outcome: "ok", generation: 3, closes: true });
});

// Red when the child gives each silent connection the whole time anew: nothing would end within the test.
test("a client that stays silent is closed after the time that it was silent in all generations", async () => {
  const { service, target, pid } = await start({
    listeners: [{ server: "http", host: "127.0.0.1", port: 0, settings: { keepAliveTimeout: hourMs } }],
  });
  const each = await client(target);
  const waits = await client(target);
  // The next release is less patient, by more than the time for which the connections have been idle.
  service.configure({
    listeners: [
      { name: "default", server: "http", host: "127.0.0.1", port: 0, settings: { keepAliveTimeout: 1 } },
    ],
    options: patient,
  });
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("exit", { pid, status: 0 });
  await each.untilEnded();
  await waits.untilEnded();
  expect(each.ended).toBe("truncated");
});

test("INV-4: a silent connection that has moved is not taken for a slow request", async () => {
  const settings = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 };
  const { service, target } = await start({
    listeners: [{ server: "http", host: "127.0.0.1", port: 0, settings }],
  });
  const each = await client(target);
  await service.succeed();
  // Time in which the server of the child would have ended a request that was slow.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// The child dies: what it had not been given for good is still the parent's. Red when keepConnections does nothing, when
// the parent closes its copies as it sends them, or when it releases what was not adopted.
test.each([
  ["before", "prepareAdoption"],
  ["before", "sendConnectionsAwaited"],
  ["after", "sendConnectionsAwaited"],
  ["before", "adoptConnections"],
] as const)("INV-4: a child killed %s %s costs no connection", async (when, effect) => {
  const { service, target, pid } = await start();
  const clients = await open(target, 12);
  service.arm({ role: "child", effect, when, signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(1));
  await service.succeed();
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// More than two batches, so that one is on its way while the next one is paused. Red when what is on its way is paused once more, and when
// what was paused ahead is not read from again.
test("INV-4: each of many connections moves once", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 700);
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 700, closed: 0, cut: 0 } });
  await answered(clients, 2);
  const next = service.pid;
  await service.succeed();
  expect(await drained(service, next)).toMatchObject({ drain: { moved: 700, closed: 0, cut: 0 } });
  await answered(clients, 3);
});

test("INV-4: a child killed before adoptConnections costs none of many connections", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 700);
  service.arm({ role: "child", effect: "adoptConnections", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  await answered(clients, 1);
  await service.succeed();
  await answered(clients, 2);
});

// What the child has said that it holds is given to it: its last words may be read before its death is seen.
test("INV-4: a child killed as it has adopted a batch takes no more than that batch with it", async () => {
  const { service, target, pid } = await start();
  const clients = await open(target, 12);
  service.arm({ role: "child", effect: "adoptConnections", when: "after", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  const answers = await Promise.all(clients.map((each) => each.whoami()));
  expect(answers.filter(({ outcome }) => outcome === "ok").length).toBeGreaterThanOrEqual(10);
});

// Red when the parent does not look again: its step was decided while the child lived.
test("INV-4: a child that dies while its parent is about to release a batch takes no connection with it", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 12);
  service.arm({ role: "parent", effect: "releaseConnections", when: "before", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  const { pid: child } = await service.owner(2);
  await eventually("the parent stops", () => isStopped(pid));
  service.signal("SIGKILL", child);
  await eventually("the child is dead", () => !isAlive(child));
  service.signal("SIGCONT", pid);
  await service.until("handoff", { pid, outcome: "rolledBack" });
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(1));
});

// Red when a parent whose child has died begins to close: it is about to serve on.
test("INV-4: a child that dies as its parent begins to move has no client told to go", async () => {
  const { service, target, pid } = await start();
  const clients = await open(target, 12);
  service.arm({ role: "parent", effect: "moveConnections", when: "before", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  const { pid: child } = await service.owner(2);
  await eventually("the parent stops", () => isStopped(pid));
  // The parent reads what they ask before it reads that its child is gone.
  const answers = clients.map((each) => each.whoami());
  await new Promise((resolve) => setImmediate(resolve));
  service.signal("SIGKILL", child);
  await eventually("the child is dead", () => !isAlive(child));
  service.signal("SIGCONT", pid);
  for (const answer of answers) expect(await answer).toMatchObject(answeredBy(1));
  await service.until("handoff", { pid, outcome: "rolledBack" });
});

// Red when the parent's copies are closed whether or not anybody was told: that a word is in the kernel's hands is what gives a batch away.
test("INV-4: a child that dies in the middle of a release takes no connection with it", async () => {
  const { service, target, pid } = await start({
    options: { slowStart: false },
    before: "losesItsChildAsItReleases",
  });
  const clients = await open(target, 12);
  service.configure({ options: patient });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(1));
  await service.succeed();
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// The parent dies: what the child has adopted goes on. Red when inheritConnections does nothing.
test("INV-4: a parent killed after the child has adopted its connections leaves them to the child", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 12);
  service.arm({ role: "parent", effect: "releaseConnections", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.owner(2);
  await eventually("the parent is dead", () => !service.processes.includes(pid));
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

test("INV-4: a parent killed once it has released connections takes none of those with it", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 12);
  service.arm({ role: "parent", effect: "releaseConnections", when: "after", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.owner(2);
  await eventually("the parent is dead", () => !service.processes.includes(pid));
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// Red when the count of what arrived is not looked at: the connections would be lost with the parent's copies.
test("INV-4: a child without free descriptors gets no connections, and none is lost", async () => {
  const { service, target, pid } = await start({ options: { slowStart: false } });
  const clients = await open(target, 40);
  service.configure({ options: patient, before: "useUpDescriptors" });
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, on: "connectionsRefusedReceived" });
  for (const each of clients.slice(0, 20)) expect((await each.whoami()).outcome).toBe("ok");
  service.signal("SIGUSR1", service.pid);
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 40, cut: 0 } });
  for (const each of clients) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// Red when refusals are not counted: each is an answer, after which the rest counts on moving as ever.
test("INV-4: who is between requests is told to close where a child takes none, and moves once it does", async () => {
  const { service, target, pid } = await start();
  const clients = await open(target, 12);
  service.configure({ options: patient, before: "useUpDescriptors", spareDescriptors: 0 });
  service.signal("SIGHUP");
  const { pid: child } = await service.owner(2);
  await untilToldToClose(clients.at(-1) as KeptAlive);
  service.signal("SIGUSR1", child);
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 11, finished: 1, cut: 0 } });
  for (const each of clients.slice(0, 11)) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

// Red when refusals are not counted: they are destroyed at the deadline, whatever they are just sending.
test("INV-4: who stays idle is closed in order before the deadline where a child takes none", async () => {
  const settings = { keepAliveTimeout: hourMs };
  const listeners = [{ server: "http", host: "127.0.0.1", port: 0, settings }] as const;
  const options = { ...patient, drain: { idleMs: 2_000 } };
  const { service, target, pid } = await start({ listeners, options });
  const clients = await open(target, 4);
  service.configure({ listeners, options, before: "useUpDescriptors", spareDescriptors: 0 });
  service.signal("SIGHUP");
  const { pid: child } = await service.owner(2);
  const { durationMs, closed, cut } = (await drained(service, pid)).drain as Record<string, number>;
  expect(durationMs).toBeLessThan(patient.drainDeadlineMs);
  // The child may come to have one free by itself.
  expect(closed).toBeGreaterThan(1);
  expect(cut).toBe(0);
  expect(clients.filter(({ ended }) => ended === "truncated")).toHaveLength(closed as number);
  service.signal("SIGUSR1", child);
});

// Red when the rest goes on counting on moving: nobody is told to close then, and all are cut at the drain deadline.
test.each([
  ["adoptsWithGarbage", 2],
  ["adoptsWithHalfAFrame", 2],
  ["awaitsWithHalfAFrame", 0],
] as const)("INV-4: who is between requests is told to close where a child %s", async (before, onTheWay) => {
  const { service, target, pid } = await start({ options: { drainDeadlineMs: 10_000 } });
  const clients = await open(target, 12);
  service.configure({ options: patient, before });
  service.signal("SIGHUP");
  await service.owner(2);
  // The first ones to come are the first to move: they belong to nobody until the parent has gone.
  const stay = clients.slice(onTheWay);
  const idle = stay.splice(-2);
  await Promise.all(
    stay.map((each) =>
      eventually("the parent tells the client to close", async () => {
        const { outcome, generation, closes } = await each.whoami();
        expect([outcome, generation]).toEqual(["ok", 1]);
        return closes;
      }),
    ),
  );
  const answers = Promise.all(clients.slice(0, onTheWay).map((each) => each.whoami()));
  await Promise.all(idle.map((each) => each.untilEnded()));
  expect(idle.map(({ ended }) => ended)).toEqual(["truncated", "truncated"]);
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 0, finished: stay.length, cut: 0 } });
  for (const answer of await answers) expect(answer).toMatchObject(answeredBy(2));
});

// Red when a child that its parent's noise has made deaf keeps that to itself, when the parent does not take back the batch that is on
// its way, or when it goes on moving: those connections are cut at the drain deadline.
test.each([
  ["before it moves any", "drainsWithGarbage", 0],
  ["before a batch", "sendsWithGarbage", 0],
  ["before a release", "releasesWithGarbage", 2],
] as const)("INV-4: no connection is lost where a parent writes noise %s", async (_, before, adopted) => {
  const { service, target, pid } = await start({ before, options: { drainDeadlineMs: 10_000 } });
  const clients = await open(target, 12);
  service.configure({ options: patient });
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, on: "connectionsDeclinedReceived" });
  // The first ones to come are the first to be on their way.
  const [held, stay, idle] = [clients.slice(0, adopted), clients.slice(adopted, 9), clients.slice(9)];
  const answers = Promise.all(held.map((each) => each.whoami()));
  for (const each of stay) {
    expect(await each.whoami()).toMatchObject({ outcome: "ok", generation: 1, closes: true });
  }
  await Promise.all(idle.map((each) => each.untilEnded()));
  expect(idle.map(({ ended }) => ended)).toEqual(idle.map(() => "truncated"));
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: adopted, cut: 0 } });
  // What the child holds is its own when the parent has gone.
  for (const answer of await answers) expect(answer).toMatchObject(answeredBy(2));
});

// Red when the rest goes on counting on moving: what is idle after its last answer is cut at the drain deadline.
test("INV-4: who is between requests is told to close when the child is gone", async () => {
  const { service, target, pid } = await start({ options: { drainDeadlineMs: 10_000 } });
  const [slow, last] = [await SlowRequest.begin(target), await SlowRequest.begin(target)];
  service.signal("SIGHUP");
  const { pid: second } = await service.owner(2);
  service.signal("SIGHUP", second);
  await service.owner(3);
  await service.until("step", { pid, on: "childExited" });
  slow.client.socket.write("3\r\ntwo\r\n0\r\n\r\n");
  expect(await slow.client.until((text) => text.endsWith("0\r\n\r\n"))).toBe(true);
  expect(slow.generation).toBe(1);
  expect(await slow.client.whoami()).toMatchObject({ outcome: "ok", generation: 1, closes: true });
  last.client.socket.write("3\r\ntwo\r\n0\r\n\r\n");
  await last.client.untilEnded();
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 0, cut: 0 } });
});

test("INV-4: connections move on when a child answers at last, and meanwhile requests are answered", async () => {
  const { service, target, pid } = await start();
  const clients = await open(target, 12);
  service.arm({ role: "child", effect: "adoptConnections", when: "before", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  const { pid: child } = await service.owner(2);
  await untilToldToClose(clients.at(-1) as KeptAlive);
  service.signal("SIGCONT", child);
  expect(await drained(service, pid)).toMatchObject({ drain: { moved: 11, finished: 1, cut: 0 } });
  for (const each of clients.slice(0, 11)) expect(await each.whoami()).toMatchObject(answeredBy(2));
});

test("INV-4, INV-5: a service that ends while connections move ends all of them in order", async () => {
  const { service, target, pid } = await start();
  const clients = await open(target, 30);
  service.signal("SIGHUP");
  await service.until("step", { pid, on: "connectionsAdoptedReceived" });
  service.signal("SIGTERM", pid);
  await service.gone();
  for (const each of clients) {
    await each.untilEnded();
    expect(each.ended).toBe("truncated");
  }
});

/** Asks until the first generation, which goes on answering, says that this connection is to end. */
function untilToldToClose(client: KeptAlive): Promise<boolean> {
  return eventually("the parent tells a client to close", async () => {
    const answer = await client.whoami();
    expect(answer).toMatchObject({ outcome: "ok", generation: 1 });
    return answer.closes === true;
  });
}
