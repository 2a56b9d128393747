import { describe, expect, test } from "vitest";
import { startLoad, unharmed } from "./support/load.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

// Red when handoffRequested starts a second child instead of noting a fact.
test("fifty SIGHUPs within a second are one restart, or one and the one that follows it", async () => {
  const service = await Service.start();
  const load = startLoad(await service.target());
  const { pid } = service;
  for (let count = 0; count < 50; count += 1) {
    try {
      process.kill(pid, "SIGHUP");
    } catch {
      // It has handed over and gone: there is nobody left to ask.
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await service.until("exit", { pid, status: 0 });
  const generations = service.lines
    .filter(({ event }) => event === "owner")
    .map(({ generation }) => generation);
  expect(generations.length).toBeLessThanOrEqual(3);
  // One that was on its way when the storm ended is awaited, so that it counts, too.
  const requested = service.lines.some(({ event, on }) => event === "step" && on === "requestReceived");
  if (requested) await service.owner(3);
  expect(await load.stop()).toSatisfy(unharmed);
  expect(Math.max(...service.lines.map(({ generation = 0 }) => generation))).toBeLessThanOrEqual(3);
});

test("SIGHUP during a restart is answered by exactly one more", async () => {
  const service = await Service.start();
  const { pid } = service;
  service.arm({ role: "parent", event: "acceptReceived", signal: "SIGHUP" });
  service.signal("SIGHUP", pid);
  await service.owner(3);
  await service.until("exit", { pid, status: 0 });
  expect(await service.whoami()).toBe(3);
  expect(service.lines.filter(({ event }) => event === "owner")).toHaveLength(3);
});

test("a request for a handoff before ready is kept until there is an owner", async () => {
  const service = await Service.start({ beforeReady: "asksForHandoff" });
  service.configure({});
  await service.owner(2);
  expect(await service.whoami()).toBe(2);
});

// Red without terminationRequested in the row in question.
describe("INV-5: SIGTERM to the parent ends both processes, and nothing is left", () => {
  test.each([
    ["when the child has been spawned", { role: "parent", event: "childSpawned" }],
    ["when the child has accepted", { role: "parent", event: "acceptReceived" }],
    ["when the child is ready", { role: "parent", event: "readyReceived" }],
    ["when it has sent commit", { role: "parent", effect: "sendCommit", when: "after" }],
    ["when the child is owner", { role: "parent", event: "committedReceived" }],
  ] as const)("%s", async (_, moment) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
      const slow = await SlowRequest.begin(await service.target());
      service.arm({ ...moment, signal });
      service.signal("SIGHUP");
      // What was accepted is answered, also at the end.
      await service.until("step", { on: "terminationRequested" });
      expect(await slow.finish()).toBe(true);
      await service.gone();
      expect(service.armed).toBe(false);
    }
  });
});

test("INV-5: SIGTERM to the owner ends its draining parent, too", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  const { pid } = await service.owner(2);
  service.signal("SIGTERM", pid);
  await service.until("step", { pid: first, to: "departing" });
  await service.until("exit", { pid, status: 0 });
  expect(await slow.finish()).toBe(true);
  await service.gone();
});

// Red when the end of the last connection is lost between draining and departing: only the deadline would end it.
test("INV-5: a parent leaves at once when the service ends in the moment in which its last answer does", async () => {
  for (let round = 0; round < 8; round += 1) {
    const service = await Service.start({ options: { drainDeadlineMs: 60_000 } });
    const slow = await SlowRequest.begin(await service.target());
    service.signal("SIGHUP");
    const { pid } = await service.owner(2);
    expect(await slow.finish()).toBe(true);
    service.signal("SIGTERM", pid);
    await service.gone();
  }
});

test("INV-6: SIGTERM to a child that is not owner yet ends only its handoff", async () => {
  const service = await Service.start();
  const { pid } = service;
  // A signal takes its time: a child that goes on to ready meanwhile could be owner when it is told.
  service.configure({ beforeReady: "neverReady" });
  service.arm({ role: "child", event: "offerRead", signal: "SIGTERM" });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected" });
  expect(service.processes).toEqual([pid]);
  expect(await service.whoami()).toBe(1);
  service.configure({});
  await service.succeed();
});

test("SIGTERM ends a service at once that has nothing to finish, with status 0", async () => {
  const service = await Service.start();
  const { pid } = service;
  service.signal("SIGTERM");
  await service.until("exit", { pid, status: 0 });
  await service.gone();
});

test("SIGTERM before the first generation is ready ends it", async () => {
  const service = await Service.start({ beforeReady: "neverReady" }, { withoutOwner: true });
  const { pid } = await service.until("listening");
  service.signal("SIGTERM", pid);
  await service.until("exit", { pid, status: 0 });
});

test("signals: false leaves the signals alone, and generation.handoff() works", async () => {
  const service = await Service.start({ options: { signals: false } });
  expect((await service.until("listening")).signals).toEqual([]);
  await service.succeed();
  expect(await service.whoami()).toBe(2);
  const { pid } = service;
  service.signal("SIGHUP", pid);
  // Nobody took it: it did what it does by itself.
  await service.gone();
  expect(service.lines.some(({ event, pid: exited }) => event === "exit" && exited === pid)).toBe(false);
});
