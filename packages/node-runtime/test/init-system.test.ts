import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { request, type Target } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { startLoad, unharmed } from "./support/load.js";
import { NotifyReceiver } from "./support/notify-receiver.js";
import { isAlive } from "./support/processes.js";
import { Service } from "./support/service.js";

const examples = fileURLToPath(new URL("../../../examples/systemd/", import.meta.url));

function has(command: string): boolean {
  const found = spawnSync("which", [command]).status === 0;
  if (!found) process.stderr.write(`${command} is missing: what needs it is skipped\n`);
  return found;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "heirloom-init-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const options = { probationMs: 100 };

test.each([
  ["a path", () => join(folder(), "notify"), {}],
  ["an abstract name", () => `@heirloom-${randomUUID()}`, {}],
  ["a path, without system calls", () => join(folder(), "notify"), { HEIRLOOM_SYSCALLS: "none" }],
])("an init system hears who is owner, and what it does: %s", async (_, path, env) => {
  const socket = path();
  const pidFile = join(folder(), "service.pid");
  const receiver = await NotifyReceiver.start(socket, pidFile);
  const config = { options: { ...options, pidFile } };
  const service = await Service.start(config, {
    env: { ...env, NOTIFY_SOCKET: socket, PATH: process.env.PATH ?? "" },
  });
  const first = service.pid;
  // The file is there before it says ready.
  expect(await receiver.until({ READY: "1" })).toMatchObject({
    pidFile: String(first),
    message: { MAINPID: String(first), STATUS: "generation 1 serves" },
  });
  await service.succeed();
  const second = service.pid;
  const { message } = await receiver.until({ RELOADING: "1" });
  expect(message).toMatchObject({ MONOTONIC_USEC: expect.stringMatching(/^\d+$/) });
  expect(Number(message.EXTEND_TIMEOUT_USEC)).toBe(45_000_000);
  expect(await receiver.until({ READY: "1", MAINPID: String(second) })).toMatchObject({
    pidFile: String(second),
  });
  // The first generation has gone, and has left the file to its child.
  expect(readFileSync(pidFile, "utf8")).toBe(`${second}\n`);
  expect(readdirSync(dirname(pidFile))).toHaveLength(1);
  service.signal("SIGTERM");
  await receiver.until({ STOPPING: "1" });
  await service.gone();
  expect(existsSync(pidFile)).toBe(false);
});

test("INV-6: after a failed handoff the init system hears that the parent serves on", async () => {
  const socket = join(folder(), "notify");
  const receiver = await NotifyReceiver.start(socket);
  const service = await Service.start({ options }, { env: { NOTIFY_SOCKET: socket } });
  await receiver.until({ READY: "1" });
  service.configure({ options, before: "exit3" });
  const since = receiver.received.length;
  expect(await service.handoff()).toMatchObject({ outcome: "rejected" });
  await receiver.until({ READY: "1", STATUS: "generation 1 serves on: the last handoff failed" }, since);
});

// Red when the file is written at the first ownership alone.
test("INV-6: after a rollback the PID file and the init system know the parent again", async () => {
  const socket = join(folder(), "notify");
  const pidFile = join(folder(), "service.pid");
  const receiver = await NotifyReceiver.start(socket, pidFile);
  const config = { options: { probationMs: 10_000, pidFile } };
  const service = await Service.start(config, { env: { NOTIFY_SOCKET: socket } });
  const { pid } = service;
  service.signal("SIGHUP");
  const child = (await service.owner(2)).pid;
  await receiver.until({ MAINPID: String(child) });
  const since = receiver.received.length;
  service.signal("SIGKILL", child);
  expect(await receiver.until({ READY: "1", MAINPID: String(pid) }, since)).toMatchObject({
    pidFile: String(pid),
  });
});

test("the watchdog of an init system is fed by the owner, twice as often as it asks for", async () => {
  const socket = join(folder(), "notify");
  const receiver = await NotifyReceiver.start(socket);
  const service = await Service.start(
    { options },
    { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" } },
  );
  await receiver.until({ WATCHDOG: "1" });
  await service.succeed();
  await eventually("the child feeds it", () =>
    receiver.received.some(({ pid, message }) => message.WATCHDOG === "1" && pid === service.pid),
  );
});

// A process that was killed as it replaced the file: nobody can clear that away but who comes after it.
test("INV-5: what a killed owner left of its PID file is gone once the next one has written its own", async () => {
  const pidFile = join(folder(), "service.pid");
  writeFileSync(`${pidFile}.new`, "1\n");
  const service = await Service.start({ options: { ...options, pidFile } });
  expect(await service.whoami()).toBe(1);
  expect(readFileSync(pidFile, "utf8")).toBe(`${service.pid}\n`);
  expect(readdirSync(dirname(pidFile))).toEqual(["service.pid"]);
});

test("a PID file that cannot be written is told, and the service serves", async () => {
  const service = await Service.start({ options: { ...options, pidFile: "/proc/nowhere/service.pid" } });
  await service.logged(
    /the PID file \/proc\/nowhere\/service\.pid cannot be written \(ENOENT\): let pidFile name a file/,
  );
  expect(await service.whoami()).toBe(1);
});

const activates = has("systemd-socket-activate");
/** It passes nothing of the environment on but what it is told to. */
const passedOn = ["PATH", "PWD", "TMPDIR", "FIXTURE_DIR", "HEIRLOOM_TEST_RUN"].flatMap((name) => [
  "-E",
  name,
]);
const activated = (...options: readonly string[]) => ["systemd-socket-activate", ...passedOn, ...options];

test.skipIf(!activates)(
  "INV-1: sockets of an init system are inherited: by name, and else by address",
  async () => {
    const [one, two] = [await freePort(), await freePort()];
    const listeners = [
      { server: "http", name: "web", host: "127.0.0.1", port: one },
      { server: "http", name: "admin", host: "127.0.0.1", port: two },
    ] as const;
    const started = Service.start(
      { listeners, options },
      { under: activated("-l", `127.0.0.1:${one}`, "-l", `127.0.0.1:${two}`, "--fdname=web:other") },
    );
    // The program is started for its first client, which waits in the queue.
    await answered({ host: "127.0.0.1", port: one });
    const service = await started;
    expect(await service.listeners()).toMatchObject([
      { name: "web", disposition: "inherited" },
      { name: "admin", disposition: "inherited" },
    ]);
    const load = startLoad(await service.target("admin"));
    await service.succeed();
    await service.succeed();
    expect(await load.stop()).toSatisfy(unharmed);
    expect(await service.listeners(3)).toMatchObject([
      { name: "web", disposition: "inherited" },
      { name: "admin", disposition: "inherited" },
    ]);
    // Nothing of it is told to those who come after.
    expect(readFileSync(`/proc/${service.pid}/environ`, "utf8")).not.toContain("LISTEN_");
  },
);

// Red with the general advice: the owner that it tells to stop is this very service.
test.skipIf(!activates)(
  "a socket of an init system that has the port but another host is named",
  async () => {
    const port = await freePort();
    const service = await Service.start(
      { listeners: [{ server: "http", host: "127.0.0.1", port }], options },
      { under: activated("-l", String(port)), withoutOwner: true },
    );
    // The program is started for its first client.
    await eventually(
      "somebody listens",
      async () => (await request({ host: "127.0.0.1", port })).outcome !== "refused",
    );
    await service.logged(
      /was handed a socket on \[::\]:\d+, and does not listen there; say the same address/,
    );
  },
);

// Red when the path is removed as if it were the service's own.
test.skipIf(!activates)(
  "a path that an init system listens on is left to it when the service ends",
  async () => {
    const path = join(folder(), "app.sock");
    const started = Service.start(
      { listeners: [{ server: "http", path }], options },
      { under: activated("-l", path) },
    );
    await answered({ path });
    const service = await started;
    expect(await service.listeners()).toMatchObject([{ disposition: "inherited" }]);
    await service.succeed();
    service.signal("SIGTERM");
    await service.gone();
    expect(existsSync(path)).toBe(true);
  },
);

const socketsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      const link = readlinkSync(`/proc/${pid}/fd/${name}`);
      return link.startsWith("socket:") ? [link] : [];
    } catch {
      return [];
    }
  });

/** How often the most frequent one is there. */
const mostOf = (names: readonly string[]) =>
  Math.max(...names.map((name) => names.filter((each) => each === name).length));

// Red when a generation stores nothing, when it does not take out what it drops, and when what comes back twice is offered twice.
test.skipIf(!has("python3"))(
  "INV-1: the descriptor store of an init system keeps listeners through a crash of the only generation",
  async () => {
    const web = { server: "http", name: "web", host: "127.0.0.1", port: await freePort() } as const;
    const admin = { server: "http", name: "admin", host: "127.0.0.1", port: await freePort() } as const;
    const local = { server: "http", name: "local", path: "local.sock" } as const;
    const store = fileURLToPath(new URL("support/descriptor-store.py", import.meta.url));
    const service = await Service.start(
      { listeners: [web, admin, local], options },
      { under: ["python3", store, join(folder(), "notify")] },
    );
    const stored = (names: readonly string[], since = 0) =>
      eventually(`the store has ${names}`, () => {
        const last = service.lines.slice(since).findLast(({ event }) => event === "stored");
        return JSON.stringify(last?.names) === JSON.stringify(names);
      });
    await stored(["admin", "web"]);
    const { pid, now } = service;
    service.signal("SIGKILL");
    await eventually("the only generation is dead", () => !isAlive(pid));
    expect((await request(web)).outcome).toBe("ok");
    const again = await service.until("listening", { generation: 1 }, now);
    expect(again.listeners).toMatchObject([
      { name: "web", disposition: "inherited" },
      { name: "admin", disposition: "inherited" },
      { name: "local", disposition: "created" },
    ]);
    // One to accept on, and one in custody.
    await eventually("no socket is here three times", () => mostOf(socketsOf(again.pid)) === 2);
    service.configure({ listeners: [web], options });
    const before = service.now;
    await service.succeed();
    await stored(["web"], before);
    await eventually("nobody has it", async () => (await request(admin)).outcome === "refused");
    expect(await service.whoami(web)).toBe(2);
  },
);

test("sockets that were meant for another process are not taken", async () => {
  const service = await Service.start({ options }, { env: { LISTEN_FDS: "1", LISTEN_PID: "1" } });
  expect(await service.listeners()).toMatchObject([{ disposition: "created" }]);
});

test.skipIf(!has("systemd-analyze"))("systemd accepts the units of the examples", () => {
  const version = Number(
    /\d+/.exec(spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" }).stdout),
  );
  const known = (unit: string) =>
    version >= 253 || !readFileSync(join(examples, unit), "utf8").includes("Type=notify-reload");
  const units = readdirSync(examples).filter((name) => /\.(service|socket)$/.test(name) && known(name));
  expect(units.length).toBeGreaterThan(0);
  const { stderr, status } = spawnSync(
    "systemd-analyze",
    ["verify", ...units.map((unit) => join(examples, unit))],
    {
      encoding: "utf8",
    },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

function answered(target: Target): Promise<true | undefined> {
  return eventually("a first client is answered", async () =>
    (await request(target)).outcome === "ok" ? true : undefined,
  );
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}
