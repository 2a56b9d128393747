import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HandoffError, type Listener, type TcpAddress } from "@heirloom/protocol";
import { expect, onTestFinished, test } from "vitest";
import { Listeners } from "../../src/listener/registry.js";
import { netServer } from "../../src/node-internals.js";

const host = "127.0.0.1";

function made(): { listeners: Listeners; log: string[] } {
  const log: string[] = [];
  const listeners = new Listeners([], {
    added: () => {},
    gone: () => {},
    log: (line) => log.push(line),
  });
  onTestFinished(() => listeners.close());
  return { listeners, log };
}

/** What is handed over is not its own to close. */
function inheriting(offered: Listener): Listeners {
  return new Listeners([offered], { added: () => {}, gone: () => {}, log: () => {} });
}

const sockets = () =>
  readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;

// Red when a server is looked for among those that are held: nobody would ever accept on the second address.
test("a server is one listener's alone, also of two that are asked for at once", async () => {
  const { listeners } = made();
  const server = createServer();
  const both = await Promise.allSettled([
    listeners.hold(server, { name: "a", host, port: 0 }),
    listeners.hold(server, { name: "b", host, port: 0 }),
  ]);
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect((both[1] as PromiseRejectedResult).reason).toMatchObject({ code: "LISTENER_INVALID" });
});

test("a server whose listener could not be bound is free for another one", async () => {
  const { listeners } = made();
  const server = createServer();
  const nowhere = { name: "a", path: join(tmpdir(), "heirloom-missing", "a.sock") };
  await expect(listeners.hold(server, nowhere)).rejects.toMatchObject({ code: "LISTENER_BIND_FAILED" });
  await listeners.hold(server, { name: "a", host, port: 0 });
});

// Red when the copy of the descriptor is forgotten: a program that tries again and again would run out of them.
test.skipIf(process.platform !== "linux")("a path that is taken leaves no descriptor open", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heirloom-registry-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "notes.txt");
  writeFileSync(path, "important");
  const { listeners } = made();
  const before = sockets();
  await expect(listeners.hold(createServer(), { name: "a", path })).rejects.toThrow(/not a socket/);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sockets()).toBe(before);
});

// Red when the resolver's own error comes out of it: a child would say ready without the listener, which is then dropped.
test("a name that cannot be looked up is an error that says what to do", async () => {
  const offered = { name: "a", address: { kind: "tcp", host, port: 1 }, descriptor: -1 } as const;
  const failed = await inheriting(offered)
    .hold(createServer(), { name: "a", host: "a..b", port: 1 })
    .catch((error) => error);
  expect(failed).toBeInstanceOf(HandoffError);
  expect(failed).toMatchObject({ code: "LISTENER_BIND_FAILED" });
});

// Red when the flag of any other host is written down, or compared: `::1` would be bound beside the socket that has its address.
test.each([
  ["127.0.0.1", false],
  ["::1", false],
  ["::", true],
])("L-6: whether %s refuses IPv4 decides: %s", async (host, decides) => {
  const { listeners } = made();
  const { address, descriptor } = await listeners.hold(createServer(), {
    name: "a",
    host,
    port: 0,
    ipv6Only: true,
  });
  const { port } = address as TcpAddress;
  expect(address).toEqual({ kind: "tcp", host, port, ...(decides && { ipv6Only: true }) });
  const inherits = async (ipv6Only: boolean) => {
    const held = await inheriting({ name: "a", address, descriptor })
      .hold(createServer(), { name: "a", host, port, ipv6Only })
      .catch(() => undefined);
    return held?.disposition === "inherited";
  };
  expect([await inherits(true), await inherits(false)]).toEqual([true, !decides]);
});

// Red when the first failure ends the round: the listeners after it would not be accepted on either.
test("one listener that cannot be accepted on is told of, and the others are served", async () => {
  const { listeners, log } = made();
  const [lost, kept] = [createServer(), createServer()];
  (await listeners.hold(lost, { name: "lost", host, port: 0 })).release();
  await listeners.hold(kept, { name: "kept", host, port: 0 });
  listeners.accept();
  expect(netServer.isListening(kept)).toBe(true);
  expect(log).toEqual([expect.stringMatching(/^listener lost has no descriptor left to accept on/)]);
});
