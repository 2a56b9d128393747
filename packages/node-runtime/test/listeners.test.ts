import { once } from "node:events";
import { readdirSync, unlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { request, type Target } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { startLoad, unharmed } from "./support/load.js";
import { settledDescriptors } from "./support/processes.js";
import { type FixtureListener, Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

const tcp = (name: string, port = 0): FixtureListener => ({ name, server: "http", host: "127.0.0.1", port });
const portOf = async (service: Service, name: string) =>
  ((await service.target(name)) as { port: number }).port;

test("INV-1: a release that adds one listener and drops another: inherited, created and dropped are told apart", async () => {
  const service = await Service.start({ listeners: [tcp("kept"), tcp("old")] });
  const kept = await service.target("kept");
  const old = await service.target("old");
  const load = startLoad(kept);
  service.configure({ listeners: [tcp("kept"), tcp("new")] });
  const outcome = await service.succeed();
  expect(outcome.listeners).toEqual([
    { name: "kept", disposition: "inherited" },
    { name: "new", disposition: "created" },
    { name: "old", disposition: "dropped" },
  ]);
  const [, created] = await service.listeners(2);
  expect(await load.stop()).toSatisfy(unharmed);
  // Red without discardDropped: the dropped socket would stay open in the child, and clients would wait in it for ever.
  await refused(old);
  const { port } = created!.address as { port: number };
  expect(await service.whoami({ host: "127.0.0.1", port })).toBe(2);
});

test("INV-6: a dropped listener serves on when the handoff fails", async () => {
  const service = await Service.start({ listeners: [tcp("kept"), tcp("old")] });
  service.configure({ listeners: [tcp("kept")] });
  service.arm({ role: "child", effect: "startAccepting", when: "after", signal: "SIGKILL" });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "CHILD_LOST" });
  expect(await service.whoami(await service.target("old"))).toBe(1);
});

test("a listener whose address changed is created, and its former socket dropped", async () => {
  const service = await Service.start({ listeners: [tcp("web")] });
  const before = await service.target("web");
  const free = await freePort();
  service.configure({ listeners: [tcp("web", free)] });
  expect((await service.succeed()).listeners).toEqual([
    { name: "web", disposition: "created" },
    { name: "web", disposition: "dropped" },
  ]);
  expect(await service.whoami({ host: "127.0.0.1", port: free })).toBe(2);
  await refused(before);
});

// Red without the look for the address alone: the child would bind what its parent holds.
test("INV-1: a listener that a release calls something else is inherited by its address", async () => {
  const service = await Service.start({ listeners: [tcp("web", await freePort())] });
  const port = await portOf(service, "web");
  const load = startLoad(await service.target("web"));
  service.configure({ listeners: [tcp("www", port)] });
  expect((await service.succeed()).listeners).toEqual([{ name: "web", disposition: "inherited" }]);
  expect(await service.listeners(2)).toMatchObject([{ name: "www", disposition: "inherited" }]);
  expect((await service.succeed()).listeners).toEqual([{ name: "www", disposition: "inherited" }]);
  expect(await load.stop()).toSatisfy(unharmed);
});

// Red without the check: the child ended over a `ready` that it could not say, and its parent did not learn why.
test.each(["renamed first", "named first"])(
  "L-17: a name that goes to another address while its own goes to another name is refused (%s)",
  async (order) => {
    const service = await Service.start({ listeners: [tcp("web")] });
    const port = await portOf(service, "web");
    const listeners = [tcp("www", port), tcp("web", await freePort())];
    service.configure({ listeners: order === "renamed first" ? listeners : listeners.reverse() });
    expect(await service.handoff()).toMatchObject({
      outcome: "rejected",
      code: "CHILD_FAILED",
      message: expect.stringMatching(/listener www asks for the address of what the parent calls web/),
    });
    expect(await service.whoami(await service.target("web"))).toBe(1);
  },
);

test("a Unix-domain socket that a release drops loses its path once its parent has left", async () => {
  const local: FixtureListener = { name: "local", server: "http", path: "app.sock" };
  const service = await Service.start({ listeners: [tcp("web"), local] });
  const path = await service.target("local");
  service.configure({ listeners: [tcp("web")] });
  await service.succeed();
  await refused(path);
});

// Red when what the path leads to is first looked at as it is removed: that is always the same as itself.
test("L-15: a path that a release drops is left to whoever has taken it over meanwhile", async () => {
  const local: FixtureListener = { name: "local", server: "http", path: "app.sock" };
  const service = await Service.start({ listeners: [tcp("web"), local] });
  const slow = await SlowRequest.begin(await service.target("web"));
  service.configure({ listeners: [tcp("web")] });
  service.signal("SIGHUP");
  await service.owner(2);
  const path = join(service.dir, "app.sock");
  unlinkSync(path);
  const other = createServer().listen(path);
  onTestFinished(() => void other.close());
  await once(other, "listening");
  expect(await slow.finish()).toBe(true);
  await eventually("the parent leaves", () => service.processes.length === 1);
  expect(await connects(path)).toBe(true);
});

// Red without discardCreated: whoever looks for the path would take a dead socket for the service's.
test("L-15: a child that fails leaves no path of a socket that it created", async () => {
  const service = await Service.start({ listeners: [tcp("web")] });
  const local: FixtureListener = { name: "local", server: "http", path: "app.sock" };
  const taken = await portOf(service, "web");
  service.configure({ listeners: [tcp("web"), local, { ...tcp("second", taken), host: "0.0.0.0" }] });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED" });
  expect(readdirSync(service.dir).filter((name) => name.endsWith(".sock"))).toEqual([]);
});

test("a port that is given as a number after port 0 is inherited where it is the same", async () => {
  const service = await Service.start({ listeners: [tcp("web")] });
  service.configure({ listeners: [tcp("web", await portOf(service, "web"))] });
  expect((await service.succeed()).listeners).toEqual([{ name: "web", disposition: "inherited" }]);
});

// Each of them red without the check in adopt() (contradiction), which would serve on the wrong socket or on none.
test.each([
  ["two descriptors swapped", "swapped", /descriptor \d is socket \d+, but the parent passed on socket \d+/],
  [
    "two descriptors swapped by a parent that tells no inodes",
    "swappedWithoutInodes",
    /descriptor \d listens on 127\.0\.0\.1:\d+, not on 127\.0\.0\.1:\d+/,
  ],
  ["a descriptor that is not there", "missingDescriptor", /descriptor \d is not an open socket/],
  ["a custody descriptor that is not there", "missingCustody", /descriptor \d is not an open socket/],
  ["a file", "notASocket", /descriptor \d+ is not an open socket/],
  ["a socket that does not listen", "notListening", /descriptor \d+ is not a listening tcp socket/],
])("INV-6: a child refuses %s, and the parent serves on", async (_, before, message) => {
  const service = await Service.start({ listeners: [tcp("a"), tcp("b")] });
  const load = startLoad(await service.target("a"));
  service.configure({ listeners: [tcp("a"), tcp("b")], before });
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED", origin: "remote" });
  expect(outcome.message).toMatch(
    new RegExp(`^the child says: listener a was not handed over as offered: ${message.source}$`),
  );
  for (const name of ["a", "b"]) expect(await service.whoami(await service.target(name))).toBe(1);
  service.configure({ listeners: [tcp("a"), tcp("b")] });
  await service.succeed();
  for (const name of ["a", "b"]) expect(await service.whoami(await service.target(name))).toBe(2);
  expect(await load.stop()).toSatisfy(unharmed);
});

test("an IPv6 wildcard that begins to shut IPv4 out is another address", async () => {
  const wide: FixtureListener = { name: "web", server: "http", host: "::", port: 0 };
  const service = await Service.start({ listeners: [wide] });
  const { pid } = service;
  const port = await portOf(service, "web");
  service.configure({ listeners: [{ ...wide, port, ipv6Only: true }] });
  await service.handoff();
  const before = await settledDescriptors(pid);
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED" });
  expect(outcome.message).toMatch(
    /listener web cannot be bound to :::\d+ \(EADDRINUSE\): this service was handed a socket on \[::\]:\d+/,
  );
  expect(await settledDescriptors(pid)).toEqual(before);
  expect(await service.whoami({ host: "127.0.0.1", port })).toBe(1);
});

/** The child gives a dropped socket up when it hears that its parent has left. */
function refused(target: Target): Promise<boolean> {
  return eventually(
    "the dropped listener is closed",
    async () => (await request(target)).outcome === "refused",
  );
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function connects(path: string): Promise<boolean> {
  const probe = connect(path);
  try {
    await once(probe, "connect");
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}
