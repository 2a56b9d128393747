import { expect, test } from "vitest";
import { startLoad, unharmed } from "./support/load.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

const all = { retire: "say", resume: "say", exit: "say" } as const;
const order = (service: Service) =>
  service.lines
    .filter(({ event }) => ["retire", "returned", "resume", "exiting", "owner", "exit"].includes(event))
    .map(({ event, generation, pid }) => `${event} ${generation ?? (pid === service.lines[0]?.pid ? 1 : 2)}`);
const ofParent = (service: Service) => order(service).filter((each) => each.endsWith(" 1"));

// Red when parked is told before the hook has returned: two generations would work at once.
test("INV-3: onRetire is finished before the child is owner, and onExit before the process ends", async () => {
  const service = await Service.start({ hooks: all });
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await slow.finish()).toBe(true);
  await service.until("exit", { status: 0 });
  expect(order(service)).toEqual(["owner 1", "retire 1", "owner 2", "exiting 1", "exit 1"]);
});

// Red without parkFailed's row, or when the reason is lost on its way.
test("INV-6: an onRetire that fails ends the handoff, and the parent serves on", async () => {
  const service = await Service.start({ hooks: { ...all, retire: "fail" } });
  const load = startLoad(await service.target());
  expect(await service.handoff()).toMatchObject({
    outcome: "rejected",
    code: "HOOK_FAILED",
    message: "the application's onRetire hook failed (the queue is gone): see the cause",
  });
  await service.until("resume", { generation: 1 });
  expect(await service.whoami()).toBe(1);
  expect(await load.stop()).toSatisfy(unharmed);
});

test("INV-5, INV-6: an onRetire that hangs ends the handoff at the park deadline, and the parent serves on", async () => {
  const service = await Service.start({
    hooks: { retire: "hang" },
    options: { parkDeadlineMs: 300, drainDeadlineMs: 500 },
  });
  const { pid } = service;
  const load = startLoad(await service.target());
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  expect(outcome.message).toMatch(/^the park deadline of 300 ms passed while parking/);
  expect(await service.whoami()).toBe(1);
  expect(await load.stop()).toSatisfy(unharmed);
  expect(service.processes).toEqual([pid]);
  // A hook that never returns must not keep the service from ending either.
  service.signal("SIGTERM");
  await service.gone();
});

// Red when hooks wait for one that hung: onResume never came, and no handoff of this generation could succeed any more.
test("INV-6: an onRetire that hung once costs one handoff: onResume runs, and the next handoff succeeds", async () => {
  const service = await Service.start({
    hooks: { ...all, retire: "hangOnce" },
    options: { parkDeadlineMs: 300 },
  });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  await service.until("resume", { generation: 1 });
  await service.logged(/the application's onRetire hook number 1 has not returned/);
  service.configure({ hooks: all });
  await service.succeed();
  expect(ofParent(service)).toEqual(["owner 1", "retire 1", "resume 1", "retire 1", "exiting 1", "exit 1"]);
});

// Red when onResume waits no longer than the park deadline: what the hook stops afterwards stays stopped in an owner.
test("INV-6: an onRetire that is slow is waited for, and then onResume runs", async () => {
  const service = await Service.start({
    hooks: { ...all, retire: "hangOnce" },
    options: { parkDeadlineMs: 2_000 },
  });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  service.signal("SIGUSR1");
  await service.until("resume", { generation: 1 });
  expect(ofParent(service)).toEqual(["owner 1", "retire 1", "returned 1", "resume 1"]);
});

// Red when nobody cares for the hook any more.
test("INV-6: an onRetire that returns after onResume ran has it run once more", async () => {
  const service = await Service.start({
    hooks: { ...all, retire: "hangOnce" },
    options: { parkDeadlineMs: 300 },
  });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  await service.until("resume", { generation: 1 });
  const { now } = service;
  service.signal("SIGUSR1");
  await service.until("resume", { generation: 1 }, now);
  expect(ofParent(service)).toEqual(["owner 1", "retire 1", "resume 1", "returned 1", "resume 1"]);
});

test("INV-6: onResume follows a rollback, and onRetire runs again with the next handoff", async () => {
  const service = await Service.start({ hooks: all });
  const slow = await SlowRequest.begin(await service.target());
  service.arm({ role: "child", effect: "reportOwner", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("resume", { generation: 1 });
  expect(await service.whoami()).toBe(1);
  service.signal("SIGHUP");
  await service.owner(2);
  expect(await slow.finish()).toBe(true);
  await service.until("exit", { status: 0 });
  expect(order(service)).toEqual([
    "owner 1",
    "retire 1",
    "resume 1",
    "retire 1",
    "owner 2",
    "exiting 1",
    "exit 1",
  ]);
});

test("at the end of the service onRetire and onExit run, in this order", async () => {
  const service = await Service.start({ hooks: all });
  service.signal("SIGTERM");
  await service.gone();
  expect(order(service)).toEqual(["owner 1", "retire 1", "exiting 1", "exit 1"]);
});

test("INV-5: an onExit that hangs keeps a process no longer than the exit deadline", async () => {
  const service = await Service.start({ hooks: { exit: "hang" }, options: { exitDeadlineMs: 300 } });
  const { pid } = service;
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("exit", { pid, status: 1 });
  expect(await service.whoami()).toBe(2);
});

test("INV-5: an onExit that fails is logged, and the process ends", async () => {
  const service = await Service.start({ hooks: { exit: "fail" } });
  const { pid } = service;
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("exit", { pid, status: 0 });
  await service.logged(/the application's onExit hook failed \(the queue is gone\)/);
});
