import { expect, test } from "vitest";
import { Service } from "./support/service.js";

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
