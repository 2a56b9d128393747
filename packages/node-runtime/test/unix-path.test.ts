import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { request } from "./support/client.js";
import { startLoad, unharmed } from "./support/load.js";
import { Service } from "./support/service.js";

const local = { server: "http", path: "app.sock" } as const;
const sockets = (dir: string) => readdirSync(dir, { withFileTypes: true }).filter((file) => file.isSocket());

// Red when the socket is bound under its published name: libuv unlinks it with the first parent's handle.
test("INV-1: a path leads to a living service through every generation", async () => {
  const service = await Service.start({ listeners: [local] });
  const target = { path: join(service.dir, "app.sock") };
  const load = startLoad(target);
  for (const next of [2, 3]) {
    await service.succeed();
    expect(await service.whoami(target)).toBe(next);
  }
  expect(await load.stop()).toSatisfy(unharmed);
});

test("INV-5: a path is removed at the end of the service, and nothing is left beside it", async () => {
  const service = await Service.start({ listeners: [local] });
  await service.succeed();
  expect(sockets(service.dir).map(({ name }) => name)).toEqual(["app.sock"]);
  service.signal("SIGTERM");
  await service.gone();
  expect(sockets(service.dir)).toEqual([]);
});

test("a path has the mode asked for, and a later generation may change it", async () => {
  const service = await Service.start({ listeners: [{ ...local, mode: 0o600 }] });
  const mode = () => statSync(join(service.dir, "app.sock")).mode & 0o777;
  expect(mode()).toBe(0o600);
  await service.succeed();
  expect(mode()).toBe(0o600);
  service.configure({ listeners: [{ ...local, mode: 0o660 }] });
  await service.succeed();
  expect(mode()).toBe(0o660);
});

test("a path that a crashed service left behind is replaced", async () => {
  const dead = await Service.start({ listeners: [local] });
  const path = join(dead.dir, "app.sock");
  dead.signal("SIGKILL");
  await dead.gone();
  expect(existsSync(path)).toBe(true);
  expect((await request({ path })).outcome).toBe("refused");
  const service = await Service.start({ listeners: [{ server: "http", path }] });
  expect(await service.whoami({ path })).toBe(1);
});

test("a path that another process listens on is refused, and left alone", async () => {
  const first = await Service.start({ listeners: [local] });
  const path = join(first.dir, "app.sock");
  const second = await Service.start({ listeners: [{ server: "http", path }] }, { withoutOwner: true });
  expect(await second.until("failed")).toMatchObject({
    code: "LISTENER_BIND_FAILED",
    message: `${path} cannot be listened on: another process listens on it; stop that one, or restart it instead of starting a second`,
  });
  await second.gone();
  expect(await first.whoami({ path })).toBe(1);
  expect(sockets(first.dir)).toHaveLength(1);
});

test("a file that is no socket is refused, and left alone", async () => {
  const service = await Service.start({ listeners: [local] });
  const path = join(service.dir, "notes.txt");
  writeFileSync(path, "important");
  const other = await Service.start({ listeners: [{ server: "http", path }] }, { withoutOwner: true });
  expect(await other.until("failed")).toMatchObject({
    code: "LISTENER_BIND_FAILED",
    message: `${path} cannot be listened on: a file that is not a socket has this name; remove it or use another path`,
  });
  expect(statSync(path).size).toBe(9);
});

test("INV-6: a child that asks for a path in a folder that does not exist leaves, and the parent serves on", async () => {
  const service = await Service.start({ listeners: [local] });
  service.configure({ listeners: [local, { name: "new", server: "http", path: "missing/new.sock" }] });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED" });
  expect(await service.whoami()).toBe(1);
});

// Red when unpublish does not compare the file: the second service's path is then removed by the first.
test("a path that somebody else has published since is not removed", async () => {
  const service = await Service.start({ listeners: [local] });
  const path = join(service.dir, "app.sock");
  const { unlinkSync } = await import("node:fs");
  unlinkSync(path);
  const squatter = createServer().listen(path);
  await new Promise((resolve) => squatter.once("listening", resolve));
  service.signal("SIGTERM");
  await service.gone();
  expect(existsSync(path)).toBe(true);
  squatter.close();
});

test.skipIf(process.platform !== "linux")("an abstract name is handed over", async () => {
  const path = `\0heirloom-test-${process.pid}`;
  const service = await Service.start({ listeners: [{ server: "http", path }] });
  expect(await service.whoami({ path })).toBe(1);
  await service.succeed();
  expect(await service.whoami({ path })).toBe(2);
});
