import { expect, test } from "vitest";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

// Red with probationMs: 0, and when `drained` does not wait for the probation: the idle parent is gone before the death shows.
test("INV-2, INV-6: a child that dies right after committed is rolled back by a parent that has nothing to finish", async () => {
  const service = await Service.start({ options: { probationMs: 1_000 } });
  service.arm({ role: "child", effect: "sendCommitted", when: "after", signal: "SIGKILL" });
  const { pid } = service;
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  expect(await service.whoami()).toBe(1);
  await service.succeed();
});

// Red when a rollback does not make its drain void: the next one then counts as finished before it has begun.
test("INV-4: after a rollback, a service that ends during its next commit finishes what it accepted", async () => {
  const service = await Service.start();
  const { pid } = service;
  service.arm({ role: "child", effect: "sendCommitted", when: "after", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  // Handoffs that fail outlast the probation of the one that was rolled back, and drain nothing.
  service.configure({ before: "exit3" });
  for (let time = 0; time < 3; time += 1)
    expect(await service.handoff()).toMatchObject({ outcome: "rejected" });
  service.configure({});

  const slow = await SlowRequest.begin(await service.target());
  service.arm({ role: "parent", effect: "sendCommit", when: "after", signal: "SIGTERM" });
  service.signal("SIGHUP");
  await service.until("step", { pid, role: "parent", to: "departing" });
  expect(await slow.finish()).toBe(true);
  await service.gone();
});
