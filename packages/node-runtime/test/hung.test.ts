import { expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { startLoad, unharmed } from "./support/load.js";
import { isAlive, isStopped } from "./support/processes.js";
import { Service } from "./support/service.js";

const short = { readyDeadlineMs: 4_000, commitDeadlineMs: 1_200, parkDeadlineMs: 800, exitDeadlineMs: 300 };

// Red when aborting has no deadline, or killChild does nothing: a stopped process hears no abort.
test.each([
  [
    "before it accepts the offer",
    "sendAccept",
    "aborted",
    /^the ready deadline of 4000 ms passed while offering/,
  ],
  ["before it is ready", "sendReady", "aborted", /^the ready deadline of 4000 ms passed while preparing/],
  [
    "after it was told to commit",
    "startAccepting",
    "rolledBack",
    /^the commit deadline of 1200 ms passed while committing/,
  ],
])(
  "INV-2, INV-3, INV-5: a child that is stopped %s is ended with SIGKILL, and the parent serves on",
  async (_, effect, outcome, message) => {
    const service = await Service.start({ options: short });
    const load = startLoad(await service.target());
    const { pid } = service;
    service.arm({ role: "child", effect, when: "before", signal: "SIGSTOP" });
    service.signal("SIGHUP");
    const report = await service.until("handoff", { pid });
    expect(report).toMatchObject({ outcome, code: "DEADLINE_EXPIRED" });
    expect(report.message).toMatch(message);
    expect(isAlive((report.child as { pid: number }).pid)).toBe(false);
    expect(await service.whoami()).toBe(1);
    await service.succeed();
    expect(await service.whoami()).toBe(2);
    expect(await load.stop()).toSatisfy(unharmed);
  },
);

// Red without deadlineExpired in the child's ready row: it would wait for a parent that has forgotten it.
test("INV-3, INV-5: the child of a stopped parent leaves at its deadline, and the parent goes on when it wakes", async () => {
  const service = await Service.start({ options: short });
  const { pid } = service;
  service.arm({ role: "parent", effect: "parkListeners", when: "before", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  const child = await service.until("step", { role: "child", generation: 2, to: "ready" });
  await service.until("exit", { pid: child.pid, status: 1 });
  await eventually("the parent is stopped", () => isStopped(pid));
  expect(service.lines.filter(({ event }) => event === "owner")).toHaveLength(1);
  service.signal("SIGCONT", pid);
  const report = await service.until("handoff", { pid });
  expect(report).toMatchObject({ outcome: expect.toBeOneOf(["aborted", "rolledBack"]) });
  await service.logged(
    /generation 2 \(pid \d+\) leaves before it was owner: the commit deadline of 2000 ms passed/,
  );
  expect(await service.whoami()).toBe(1);
  await service.succeed();
  expect(await service.whoami()).toBe(2);
});

test("INV-3: a parent that is stopped right after it sent commit finds its child owner when it wakes", async () => {
  const service = await Service.start({ options: short });
  const { pid } = service;
  service.arm({ role: "parent", effect: "sendCommit", when: "after", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await service.whoami()).toBe(2);
  await eventually("the parent is stopped", () => isStopped(pid));
  // Nothing that it missed may look like a deadline: the child is owner, and stays it.
  await service.until("readyResolved", { generation: 2 });
  service.signal("SIGCONT", pid);
  await service.until("exit", { pid, status: 0 });
  expect(await service.until("handoff", { pid })).toMatchObject({ outcome: "committed" });
  await service.succeed();
  expect(await service.whoami()).toBe(3);
});

test("INV-3: a parent that sleeps past its commit deadline looks for the child's answer before it gives up", async () => {
  const service = await Service.start({ options: { ...short, commitDeadlineMs: 100 } });
  const { pid } = service;
  service.arm({ role: "parent", effect: "sendCommit", when: "after", signal: "SIGSTOP" });
  service.signal("SIGHUP");
  await service.owner(2);
  await new Promise((resolve) => setTimeout(resolve, 250));
  service.signal("SIGCONT", pid);
  await service.until("exit", { pid, status: 0 });
  expect(await service.whoami()).toBe(2);
});
