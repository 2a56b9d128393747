import { rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask, controlFolder, current, untilOpen } from "./support/control-client.js";
import { eventually } from "./support/eventually.js";
import { descriptorsOf } from "./support/processes.js";
import { Service } from "./support/service.js";

/*
 * What is not the service itself fails: whoever reads its log, a status number, a link for tools, the mode of a path. The owner
 * serves on. In each of these it was the only process left.
 */

/** Whether a socket of this process is open under two numbers, as a listener is. */
function inCustody(pid: number): boolean {
  const sockets = [...descriptorsOf(pid).values()].filter((target) => target.startsWith("socket:"));
  return new Set(sockets).size < sockets.length;
}

const underLimit = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];

// Red when the line is written to the stream: EPIPE ends the process that says that it serves on.
test("INV-6: a handoff fails, and nobody reads the log any more", async () => {
  const service = await Service.start();
  service.stopReadingLog();
  service.configure({ before: "exit3" });
  // The second one is red with `console.error`, too.
  for (let time = 0; time < 2; time += 1) {
    expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "CHILD_EXITED" });
    expect(await service.whoami()).toBe(1);
  }
  service.configure({});
  await service.succeed();
});

// Red when status() does not expect it: Node reads these numbers from a file.
test("INV-1: its status is asked for with its last free descriptor", async () => {
  const service = await Service.start(
    { before: "outOfDescriptorsLater", spareDescriptors: 1 },
    { under: underLimit },
  );
  await untilOpen(service, 1);
  service.signal("SIGUSR1");
  await service.until("descriptorsTaken");
  const [status] = await ask(current(service), { command: "status" });
  expect(status).toMatchObject({ type: "status", generation: 1 });
  expect(status).not.toHaveProperty("memory");
  service.signal("SIGUSR1");
  await service.until("descriptorsFree");
  expect(await service.whoami()).toBe(1);
});

// Red when the link is made without a way to fail: the parent dies of it, having just taken the service back.
test("INV-6: a handoff is rolled back, and the folder of the control sockets is gone", async () => {
  const service = await Service.start();
  await untilOpen(service, 1);
  rmSync(join(controlFolder(service), ".."), { recursive: true });
  service.arm({ role: "child", effect: "sendCommitted", when: "after", signal: "SIGKILL" });
  const { pid } = service;
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  expect(await service.whoami()).toBe(1);
  await service.logged(/tools do not find the owner by its name any more: ENOENT/);
});

// Red when accepting again sets the mode of a path that is not there.
test("INV-6: a handoff fails after the listeners were parked, and somebody has removed the path of one", async () => {
  const local = { name: "local", server: "http", path: "app.sock", mode: 0o600 } as const;
  const listeners = [{ server: "http", host: "127.0.0.1", port: 0 }, local] as const;
  const service = await Service.start({ listeners, hooks: { retire: "fail" } });
  unlinkSync(join(service.dir, "app.sock"));
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "HOOK_FAILED" });
  expect(await service.whoami()).toBe(1);
});

// Red when custody is tried for only once: a rollback then finds nothing to accept on.
test("INV-6: custody that could not be had for want of descriptors is there for the next handoff", async () => {
  const service = await Service.start({ before: "outOfDescriptorsAtRollback" }, { under: underLimit });
  const { pid } = service;
  const rolledBack = async () => {
    const { now } = service;
    service.arm({ role: "child", effect: "startAccepting", when: "before", signal: "SIGKILL" });
    service.signal("SIGHUP");
    await service.until("handoff", { pid, outcome: "rolledBack" }, now);
  };
  service.configure({});
  await rolledBack();
  await service.until("descriptorsTaken");
  expect(inCustody(pid)).toBe(false);
  service.signal("SIGUSR1");
  await service.until("descriptorsFree");
  await eventually("custody is there again", () => inCustody(pid));
  await rolledBack();
  expect(await service.whoami()).toBe(1);
});
