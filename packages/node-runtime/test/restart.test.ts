import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { KeptAlive, request } from "./support/client.js";
import { startLoad, unharmed } from "./support/load.js";
import { askHttp2, askHttps, http2Servers, openHttp2 } from "./support/secure-client.js";
import { Service } from "./support/service.js";

type TcpTarget = { host: string; port: number };

// Red without drainConnections in the parent's committing row, or with committing before parking.
test.each(["serve", "steps"] as const)(
  "INV-1, INV-4: three generations by SIGHUP through %s, and no client notices",
  async (api) => {
    const listeners = [{ server: "http", host: "127.0.0.1", port: 0 }] as const;
    const service = await Service.start({ api: "steps", listeners });
    const target = await service.target();
    service.configure({ api, listeners });
    const load = startLoad(target);
    for (const next of [2, 3]) {
      const { pid } = service;
      service.signal("SIGHUP");
      await service.owner(next);
      await service.until("exit", { pid, status: 0 });
      expect(await service.whoami(target)).toBe(next);
    }
    const result = await load.stop();
    expect(result).toSatisfy(unharmed);
    expect(result.generations).toEqual([1, 2, 3]);
    await service.logged(
      /^heirloom: generation 1 \(pid \d+\) handed over to generation 2 \(pid \d+\) in [\d.]+ ms \(spawned [\d.]+, accepted [\d.]+, ready [\d.]+, commit [\d.]+, committed [\d.]+ ms\); drained in \d+ ms: \d+ connections moved.*, \d+ finished, \d+ closed idle, 0 cut$/m,
    );
  },
);

test("generation.handoff() resolves with a report once the child is owner", async () => {
  const service = await Service.start();
  const { now, pid } = service;
  expect(await service.handoff()).toMatchObject({
    outcome: "committed",
    child: { generation: 2, pid: (await service.owner(2)).pid },
    listeners: [{ name: "default", disposition: "inherited" }],
  });
  // The same report goes out as an event, with what became of the connections, when the parent is finished.
  const report = await service.until("handoff", { pid }, now);
  expect(report).toMatchObject({ outcome: "committed", generation: 1, drain: { cut: 0 } });
  expect((report.steps as { step: string }[]).map(({ step }) => step)).toEqual([
    "spawned",
    "accepted",
    "ready",
    "commit",
    "committed",
  ]);
});

test("INV-3: each generation is owner from its own commit on, and not before", async () => {
  const service = await Service.start();
  await service.succeed();
  expect(service.lines.filter(({ event }) => event === "owner")).toMatchObject([
    { generation: 1, isOwner: true },
    { generation: 2, isOwner: true },
  ]);
  await service.until("readyResolved", { generation: 2 });
});

test("an HTTPS server is handed over", async () => {
  const service = await Service.start({ listeners: [{ server: "https", host: "127.0.0.1", port: 0 }] });
  const target = await service.target();
  expect(await askHttps(target)).toBe(1);
  await service.succeed();
  expect(await askHttps(target)).toBe(2);
});

test.each(http2Servers)("an HTTP/2 server is handed over: %s", async (server, secure) => {
  const service = await Service.start({ listeners: [{ server, host: "127.0.0.1", port: 0 }] });
  const target = (await service.target()) as TcpTarget;
  const before = openHttp2(target, secure);
  expect(await askHttp2(before)).toBe(1);
  await service.succeed();
  // The parent told its session to go away before it left.
  expect(before.closed).toBe(true);
  const after = openHttp2(target, secure);
  expect(await askHttp2(after)).toBe(2);
  after.close();
});

test("a plain TCP server is handed over", async () => {
  const service = await Service.start({ listeners: [{ server: "net", host: "127.0.0.1", port: 0 }] });
  const target = await service.target();
  const ask = async () => {
    const client = await KeptAlive.open(target);
    client.socket.write("me\n");
    await client.until((text) => text.endsWith("\n"));
    client.close();
    return JSON.parse(client.received.toString()) as unknown;
  };
  expect(await ask()).toMatchObject({ generation: 1, token: "me" });
  await service.succeed();
  expect(await ask()).toMatchObject({ generation: 2, token: "me" });
});

test.each([
  ["IPv4", { host: "127.0.0.1" }, ["127.0.0.1"]],
  ["IPv6", { host: "::1" }, ["::1"]],
  ["a host name", { host: "localhost" }, ["localhost"]],
  ["every address", {}, ["127.0.0.1", "::1"]],
  ["every IPv6 address and no IPv4", { host: "::", ipv6Only: true }, ["::1"]],
])("port 0 is bound once, and every generation keeps its port: %s", async (_, listen, reachable) => {
  const service = await Service.start({ listeners: [{ server: "http", port: 0, ...listen }] });
  const { port } = (await service.target()) as TcpTarget;
  for (const next of [2, 3]) {
    await service.succeed();
    expect(await service.listeners(next)).toMatchObject([{ disposition: "inherited", address: { port } }]);
    for (const host of reachable) expect(await service.whoami({ host, port })).toBe(next);
  }
});

// Red when accept() leaves the flag out of what it compares: a socket that serves IPv4 does not serve its exclusion.
test("an IPv6 socket that shut IPv4 out goes on doing so", async () => {
  const service = await Service.start({
    listeners: [{ server: "http", port: 0, host: "::", ipv6Only: true }],
  });
  const { port } = (await service.target()) as TcpTarget;
  await service.succeed();
  expect((await request({ host: "127.0.0.1", port })).outcome).toBe("refused");
});

// Red without the backlog in HeldListener.accept: listen(2) is called again with 511.
test("the length of the accept queue is kept by every generation", async () => {
  const service = await Service.start({
    listeners: [{ server: "http", host: "127.0.0.1", port: 0, backlog: 77 }],
  });
  const { port } = (await service.target()) as TcpTarget;
  const queue = () => execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" }).split(/\s+/)[2];
  expect(queue()).toBe("77");
  await service.succeed();
  expect(queue()).toBe("77");
  await service.succeed();
  expect(queue()).toBe("77");
});

test("several listeners of several kinds are handed over together", async () => {
  const service = await Service.start({
    listeners: [
      { name: "web", server: "http", host: "127.0.0.1", port: 0 },
      { name: "admin", server: "http", host: "::1", port: 0 },
      { name: "secure", server: "https", host: "127.0.0.1", port: 0 },
      { name: "local", server: "http", path: "app.sock" },
    ],
  });
  const loads = await Promise.all(
    ["web", "admin", "local"].map(async (name) => startLoad(await service.target(name), 1)),
  );
  await service.succeed();
  for (const load of loads) {
    const result = await load.stop();
    expect(result).toSatisfy(unharmed);
    expect(result.generations).toEqual([1, 2]);
  }
  expect(await askHttps(await service.target("secure"))).toBe(2);
});
