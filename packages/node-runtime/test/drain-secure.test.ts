import { expect, test } from "vitest";
import { KeptAlive } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { holdingProxy } from "./support/holding-proxy.js";
import { isStopped } from "./support/processes.js";
import { askHttp2, http2Servers, openHttp2 } from "./support/secure-client.js";
import { SecureKeptAlive } from "./support/secure-kept-alive.js";
import { type Config, Service } from "./support/service.js";

type TcpTarget = { host: string; port: number };

const https: Config = { listeners: [{ server: "certified", host: "127.0.0.1", port: 0 }] };

test("INV-4: an HTTPS connection is told to close with its next answer, and not before", async () => {
  const service = await Service.start({ ...https, options: { drainDeadlineMs: 20_000 } });
  const { pid } = service;
  const client = await SecureKeptAlive.open(await service.target());
  expect(await client.ask("/whoami")).toMatch(/\r\nConnection: keep-alive\r\n[\s\S]*"generation":1/);
  service.signal("SIGHUP");
  await service.until("step", { pid, to: "draining" });
  expect(await client.ask("/whoami")).toMatch(/\r\nConnection: close\r\n[\s\S]*"generation":1/);
  await client.until(() => client.ended === "closed");
  client.socket.end();
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { finished: 1, cut: 0 } });
});

// Red with socket.destroy() (the client is reset) and with socket.end() alone (the late request is processed and not answered).
test.each([
  ["at the end of its budget", { ...https, options: { drain: { idleMs: 400 }, drainDeadlineMs: 20_000 } }],
  [
    "after keepAliveTimeout",
    { ...https, tls: { keepAliveTimeout: 3_000 }, options: { drainDeadlineMs: 20_000 } },
  ],
])(
  "INV-4: an HTTPS connection that stays idle is closed gently %s: a late request is not processed",
  async (_, config) => {
    const service = await Service.start(config);
    const { pid } = service;
    const proxy = await holdingProxy((await service.target()) as TcpTarget);
    const client = await SecureKeptAlive.open(proxy.target);
    expect(await client.ask("/asked?token=first")).toContain('"generation":1');
    proxy.hold();
    service.signal("SIGHUP");
    await service.until("step", { pid, to: "draining" });
    // The end is on its way, and the client cannot know.
    await proxy.holds();
    const spoken = proxy.clientSpeaks();
    const answer = client.ask("/asked?token=late");
    await spoken;
    proxy.release();
    expect(await answer).toBe("closed");
    client.socket.end();
    expect(await service.until("handoff", { pid })).toMatchObject({
      drain: { finished: 0, closed: 1, cut: 0, classes: { tls: { closed: 1 } } },
    });
    const asked = service.lines.filter(({ event }) => event === "asked").map(({ token }) => token);
    expect(asked).toEqual(["first"]);
  },
);

// Red where what a timer finds idle is closed at once: timers come before reading.
test.each([
  ["at the end of its budget", { ...https, options: { drain: { idleMs: 3_000 }, drainDeadlineMs: 60_000 } }],
  [
    "after keepAliveTimeout",
    { ...https, tls: { keepAliveTimeout: 3_000 }, options: { drainDeadlineMs: 60_000 } },
  ],
])(
  "INV-4: a parent that stood still answers on HTTPS what came meanwhile, before it closes what is idle %s",
  async (_, config) => {
    const service = await Service.start(config);
    const { pid } = service;
    const client = await SecureKeptAlive.open(await service.target());
    expect(await client.ask("/whoami")).toContain('"generation":1');
    // Not while it waits for events: those that have come meanwhile would be the first that it is told.
    service.arm({ role: "parent", effect: "drainConnections", when: "after", signal: "SIGSTOP" });
    service.signal("SIGHUP");
    await eventually("it stands still", () => isStopped(pid));
    const answer = client.ask("/whoami");
    // Also longer than the second by which a newer Node.js keeps a connection longer than it says.
    await new Promise((resolve) => setTimeout(resolve, 4_500));
    service.signal("SIGCONT", pid);
    expect(await answer).toMatch(/\r\nConnection: close\r\n[\s\S]*"generation":1/);
    client.socket.end();
    expect(await service.until("handoff", { pid })).toMatchObject({
      drain: { finished: 1, closed: 0, cut: 0 },
    });
  },
);

// Red on Node.js 20 where only what Node calls idle is closed: there that is what has been used.
test("an HTTPS connection that was never used is closed gently, and not cut at the deadline", async () => {
  const options = { drain: { idleMs: 400 }, drainDeadlineMs: 20_000 };
  const service = await Service.start({ ...https, options });
  const { pid } = service;
  const client = await SecureKeptAlive.open(await service.target());
  // Of two connections the service has the first one when it answers on the second.
  const other = await SecureKeptAlive.open(await service.target());
  await other.ask("/whoami");
  other.socket.destroy();
  service.signal("SIGHUP");
  await service.until("step", { pid, to: "draining" });
  await client.until(() => client.ended === "closed");
  client.socket.end();
  expect(await service.until("handoff", { pid })).toMatchObject({
    drain: { cut: 0, classes: { tls: { closed: 1 } } },
  });
});

const intoHttp = {
  listeners: [
    { server: "http", name: "plain", host: "127.0.0.1", port: 0 },
    { server: "certifiedIntoHttp", name: "secure", host: "127.0.0.1", port: 0 },
  ],
} as const;

// Red when it moves as if it were plain: its keys are in the parent. And when it counts on moving: nobody would tell it.
test("INV-4: a TLS connection that was given to a plain server stays, and is told to close with its next answer", async () => {
  const service = await Service.start({ ...intoHttp, options: { drainDeadlineMs: 20_000 } });
  const { pid } = service;
  const secure = await SecureKeptAlive.open(await service.target("secure"));
  expect(await secure.ask("/whoami")).toMatch(/\r\nConnection: keep-alive\r\n[\s\S]*"generation":1/);
  const plain = await KeptAlive.open(await service.target("plain"));
  await plain.whoami();
  service.signal("SIGHUP");
  await service.until("step", { pid, on: "connectionsAdoptedReceived" });
  expect(await secure.ask("/whoami")).toMatch(/\r\nConnection: close\r\n[\s\S]*"generation":1/);
  secure.socket.end();
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, cut: 0 } });
  expect(await plain.whoami()).toMatchObject({ outcome: "ok", generation: 2, closes: false });
  plain.close();
});

test("a TLS connection that was given to a plain server is closed gently where it stays idle", async () => {
  const settings = { keepAliveTimeout: 3_600_000 };
  const [plain, secured] = intoHttp.listeners;
  const service = await Service.start({
    listeners: [{ ...plain, settings }, secured],
    options: { drain: { idleMs: 400 }, drainDeadlineMs: 20_000 },
  });
  const { pid } = service;
  const secure = await SecureKeptAlive.open(await service.target("secure"));
  await secure.ask("/whoami");
  service.signal("SIGHUP");
  await secure.until(() => secure.ended !== undefined);
  expect(secure.ended).toBe("closed");
  secure.socket.end();
  expect(await service.until("handoff", { pid })).toMatchObject({
    drain: { cut: 0, classes: { http: { closed: 1 } } },
  });
});

test("INV-4: a client that uses its HTTPS connection after a rollback keeps it", async () => {
  const options = { drain: { idleMs: 60_000 }, drainDeadlineMs: 60_000, probationMs: 60_000 };
  const service = await Service.start({ ...https, options });
  const { pid } = service;
  const client = await SecureKeptAlive.open(await service.target());
  await client.ask("/whoami");
  service.signal("SIGHUP");
  const child = await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  service.signal("SIGKILL", child.pid);
  await service.until("handoff", { pid, outcome: "rolledBack" });
  expect(await client.ask("/whoami")).toMatch(/\r\nConnection: keep-alive\r\n[\s\S]*"generation":1/);
});

// Red with session.destroy(): the stream in progress is lost, and the late one ends without a word of whether it was processed.
test.each(http2Servers)(
  "INV-4: an HTTP/2 stream in progress is finished, and a late one is refused, not lost: %s",
  async (server, secure) => {
    const service = await Service.start({
      listeners: [{ server, host: "127.0.0.1", port: 0 }],
      options: { drainDeadlineMs: 20_000 },
    });
    const { pid } = service;
    const proxy = await holdingProxy((await service.target()) as TcpTarget);
    const session = openHttp2(proxy.target, secure);
    const slow = session.request({ ":path": "/echo", ":method": "POST" });
    await new Promise((resolve) => slow.once("response", resolve));
    service.signal("SIGHUP");
    await service.until("step", { pid, to: "draining" });
    proxy.hold();
    const next = askHttp2(session);
    // That the session ends is on its way with the answer, and the client cannot know.
    await proxy.holds();
    const spoken = proxy.clientSpeaks();
    const late = askHttp2(session).catch(({ message }) => message);
    await spoken;
    proxy.release();
    expect(await next).toBe(1);
    // Of this a client knows that it may ask again (RFC 9113, section 8.7).
    expect(await late).toContain("NGHTTP2_REFUSED_STREAM");
    let echoed = "";
    slow.setEncoding("utf8").on("data", (text: string) => {
      echoed += text;
    });
    slow.end("finished");
    await new Promise((resolve) => slow.once("end", resolve));
    expect(echoed).toBe("finished");
    expect(await service.until("handoff", { pid })).toMatchObject({ drain: { finished: 1, cut: 0 } });
  },
);
