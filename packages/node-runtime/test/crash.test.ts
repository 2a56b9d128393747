import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { refusals, startLoad, unharmed } from "./support/load.js";
import { isAlive } from "./support/processes.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

// Red when a row of the parent's table for the child's exit (concludeAborted, concludeRolledBack) lacks its
// unparkListeners, or when Channel.onceEnded loses an exit.
describe("INV-1, INV-2, INV-6: a child is ended by SIGKILL, and the parent serves on", () => {
  test.each([
    ["before", "sendAccept", ["aborted"]],
    ["after", "sendAccept", ["aborted"]],
    ["before", "sendReady", ["aborted"]],
    // Whether ready or its sender's end comes first is the system's choice.
    ["after", "sendReady", ["aborted", "rolledBack"]],
    ["before", "startAccepting", ["rolledBack"]],
    ["before", "sendCommitted", ["rolledBack"]],
    ["after", "sendCommitted", ["rolledBack"]],
    ["after", "reportOwner", ["rolledBack"]],
  ] as const)("%s %s", async (when, effect, outcomes) => {
    const service = await Service.start();
    const { pid } = service;
    const load = startLoad(await service.target());
    const slow = await SlowRequest.begin(await service.target());
    service.arm({ role: "child", effect, when, signal: "SIGKILL" });
    service.signal("SIGHUP");
    const report = await service.until("handoff", { pid });
    expect(service.armed).toBe(false);
    expect(report).toMatchObject({
      outcome: expect.toBeOneOf([...outcomes]),
      code: expect.toBeOneOf(["CHILD_EXITED", "CHILD_LOST"]),
    });
    expect(report.message).toMatch(/^generation 2 was ended by SIGKILL/);
    expect(await service.whoami()).toBe(1);
    expect(await slow.finish()).toBe(true);
    // The way back is good for another try.
    await service.succeed();
    expect(await service.whoami()).toBe(2);
    const result = await load.stop();
    expect(refusals(result)).toBe(0);
    // A child that never accepted had nothing to lose.
    if (!["sendCommitted", "reportOwner"].includes(effect)) expect(result).toSatisfy(unharmed);
  });
});

// Red without parentDied in the child's preparing or ready rows, or when DeathWatch trusts the channel alone.
describe("INV-1, INV-2: a parent is ended by SIGKILL, and the child takes over", () => {
  test.each([
    ["after", "spawnChild"],
    ["before", "parkListeners"],
    ["after", "parkListeners"],
    ["before", "sendCommit"],
    ["after", "sendCommit"],
    ["before", "reportCommitted"],
    ["before", "drainConnections"],
    ["after", "drainConnections"],
    ["before", "sendFarewell"],
    ["after", "sendFarewell"],
    ["before", "leave"],
  ] as const)("%s %s", async (when, effect) => {
    const service = await Service.start();
    const { pid } = service;
    const load = startLoad(await service.target());
    service.arm({ role: "parent", effect, when, signal: "SIGKILL" });
    service.signal("SIGHUP");
    await service.owner(2);
    await service.until("readyResolved", { generation: 2 });
    expect(await service.whoami()).toBe(2);
    await service.until("step", { generation: 2, role: "child", to: "owner" });
    // The child can read a farewell before the parent gets to the step after it.
    await eventually("the fault has happened", () => !service.armed);
    await eventually("the parent is dead", () => !isAlive(pid));
    await service.succeed();
    expect(await service.whoami()).toBe(3);
    // What was inside the parent died with it. Nobody was refused, and nobody waits for ever.
    expect(refusals(await load.stop())).toBe(0);
  });
});

test("INV-2: a child whose parent died before it could boot takes over with a listener that it creates", async () => {
  const web = { name: "web", server: "http", host: "127.0.0.1", port: 0 } as const;
  const service = await Service.start({ listeners: [web] });
  service.configure({ listeners: [web, { ...web, name: "new" }] });
  service.arm({ role: "parent", effect: "spawnChild", when: "after", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.owner(2);
  const [inherited, created] = await service.listeners(2);
  expect(inherited?.disposition).toBe("inherited");
  expect(created?.disposition).toBe("created");
  expect(await service.whoami(await service.target("web"))).toBe(2);
  await service.logged(/generation 2 \(pid \d+\) took over: its parent \(pid \d+\) died/);
});

test("INV-2: a chain of two crashes: the orphan's own child takes over from the orphan", async () => {
  const service = await Service.start();
  const load = startLoad(await service.target());
  for (const next of [2, 3]) {
    service.arm({ role: "parent", effect: "sendCommit", when: "before", signal: "SIGKILL" });
    service.signal("SIGHUP");
    await service.owner(next);
    await service.until("step", { generation: next, role: "child", to: "owner" });
    expect(await service.whoami()).toBe(next);
  }
  expect(refusals(await load.stop())).toBe(0);
});

test("INV-6: both sides of a handoff are rolled back and tried again three times in a row", async () => {
  const service = await Service.start();
  const load = startLoad(await service.target());
  const slow = await SlowRequest.begin(await service.target());
  const { pid } = service;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const { now } = service;
    service.arm({ role: "child", effect: "reportOwner", when: "after", signal: "SIGKILL" });
    service.signal("SIGHUP", pid);
    await service.until("handoff", { pid, outcome: "rolledBack" }, now);
    expect(await service.whoami()).toBe(1);
  }
  expect(await slow.finish()).toBe(true);
  await service.succeed();
  expect(refusals(await load.stop())).toBe(0);
});
