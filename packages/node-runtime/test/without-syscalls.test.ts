import { expect, test } from "vitest";
import { refusals, startLoad, unharmed } from "./support/load.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

// Where descriptors cannot be duplicated there is no custody: both sides accept for a moment, and a commit is final.
const start = { env: { HEIRLOOM_SYSCALLS: "none" } };

// Red when a first generation without custody gives its only descriptor up as it parks.
test("INV-1, INV-4: without system calls a service still restarts, and no client notices", async () => {
  const service = await Service.start({}, start);
  const load = startLoad(await service.target());
  for (const next of [2, 3]) {
    await service.succeed();
    expect(await service.whoami()).toBe(next);
  }
  expect(await load.stop()).toSatisfy(unharmed);
});

test.each([1, 2])(
  "INV-6: without system calls a child that fails before commit is rolled back: generation %i serves on",
  async (generation) => {
    const service = await Service.start({}, start);
    if (generation === 2) await service.succeed();
    const { pid } = service;
    const load = startLoad(await service.target());
    for (const moment of [
      { role: "child", effect: "sendReady", when: "before" },
      { role: "parent", event: "readyReceived" },
    ] as const) {
      const { now } = service;
      if (moment.role === "child") service.arm({ ...moment, signal: "SIGKILL" });
      else service.configure({ before: "exit3" });
      service.signal("SIGHUP", pid);
      await service.until("handoff", { pid, outcome: "aborted" }, now);
      expect(await service.whoami()).toBe(generation);
    }
    service.configure({});
    await service.succeed();
    expect(await service.whoami()).toBe(generation + 1);
    expect(await load.stop()).toSatisfy(unharmed);
  },
);

// Red without stopAccepting in the draining: without custody, parking could not stop it.
test("INV-3: without system calls a parent that drains accepts no more", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } }, start);
  const { pid } = service;
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid, to: "draining" });
  // Its effects are executed in the same turn as an answer that the parent gives to what it has accepted.
  slow.client.socket.write("4\r\nmore\r\n");
  await slow.client.until((text) => text.includes("more"));
  const answers = await Promise.all(Array.from({ length: 40 }, () => service.whoami()));
  expect(new Set(answers)).toEqual(new Set([2]));
  expect(await slow.finish()).toBe(true);
});

test("INV-6: without system calls an onRetire that fails leaves the parent serving, twice in a row", async () => {
  const service = await Service.start({ hooks: { retire: "fail" } }, start);
  for (const _ of [1, 2]) {
    expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "HOOK_FAILED" });
    expect(await service.whoami()).toBe(1);
  }
});

test("INV-2: without system calls the child takes over from a parent that dies", async () => {
  const service = await Service.start({}, start);
  const load = startLoad(await service.target());
  service.arm({ role: "parent", effect: "sendCommit", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await service.whoami()).toBe(2);
  await service.succeed();
  expect(refusals(await load.stop())).toBe(0);
});
