import { expect, test } from "vitest";
import { startLoad, unharmed } from "./support/load.js";
import { isAlive } from "./support/processes.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

// Red without sendRequest or sendRelinquish: the third generation would wait until the first one has drained.
test("INV-3, INV-4: a restart while the oldest generation still drains happens at once, and the slow answer is finished", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const target = await service.target();
  const load = startLoad(target);
  const first = service.pid;
  const slow = await SlowRequest.begin(target);
  service.signal("SIGHUP");
  const second = (await service.owner(2)).pid;
  service.signal("SIGHUP", second);
  await service.owner(3);
  await service.until("exit", { pid: second, status: 0 });
  expect(await service.whoami()).toBe(3);
  expect(isAlive(first)).toBe(true);
  expect(await slow.finish()).toBe(true);
  expect(slow.generation).toBe(1);
  await service.until("exit", { pid: first, status: 0 });
  expect(await load.stop()).toSatisfy(unharmed);
});

test("a restart that is asked of the draining generation is passed on to the owner", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid: first, to: "draining" });
  service.signal("SIGHUP", first);
  await service.owner(3);
  expect(await service.whoami()).toBe(3);
  expect(await slow.finish()).toBe(true);
});

// Red when becomeOwner leads a child that was asked before its commit straight to startHandoff.
test("INV-3: a child that was asked before it was owner lets its parent give up its right to come back first", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  service.arm({ role: "child", event: "offerRead", signal: "SIGHUP" });
  service.signal("SIGHUP", first);
  await service.owner(3);
  const order = service.lines
    .filter(({ event, on }) => event === "step" && (on === "relinquishReceived" || on === "childSpawned"))
    .map(({ on, generation }) => `${generation} ${on}`);
  expect(order).toEqual(["1 childSpawned", "1 relinquishReceived", "2 childSpawned"]);
  expect(await slow.finish()).toBe(true);
});

test("INV-2: the third generation takes over from a second that dies while the first drains", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  const second = (await service.owner(2)).pid;
  service.arm({ role: "parent", effect: "sendCommit", when: "before", signal: "SIGKILL" });
  service.signal("SIGHUP", second);
  await service.owner(3);
  expect(isAlive(second)).toBe(false);
  expect(await service.whoami()).toBe(3);
  // It gave its right to come back away, and sees only its own request to its end.
  expect(isAlive(first)).toBe(true);
  expect(await slow.finish()).toBe(true);
  await service.until("exit", { pid: first, status: 0 });
  expect(await service.whoami()).toBe(3);
});

// Red when relinquishing has no deadline, or startHandoff does not wait for the answer: two owners would be possible.
test("INV-3: a draining parent that does not answer keeps its right to come back, and the restart is refused", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000, relinquishDeadlineMs: 400 } });
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid: first, to: "draining" });
  service.signal("SIGSTOP", first);
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  expect(await service.whoami()).toBe(2);
  service.signal("SIGCONT", first);
  await service.succeed();
  expect(await service.whoami()).toBe(3);
  expect(await slow.finish()).toBe(true);
});

test("INV-4: four generations in a row, each with a slow request of its own in flight", async () => {
  const service = await Service.start({ options: { drainDeadlineMs: 20_000 } });
  const slow: SlowRequest[] = [];
  for (const next of [2, 3, 4]) {
    slow.push(await SlowRequest.begin(await service.target()));
    service.signal("SIGHUP");
    await service.owner(next);
  }
  expect(await service.whoami()).toBe(4);
  expect(service.processes).toHaveLength(4);
  for (const [index, request] of slow.entries()) {
    expect(request.generation).toBe(index + 1);
    expect(await request.finish()).toBe(true);
  }
});

// Red without the row for drainBoundHit.
test("INV-5: the oldest generation leaves when more drain than may, and the clients of the others finish", async () => {
  const options = { drainDeadlineMs: 20_000, drain: { generationsMax: 2 } };
  const service = await Service.start({ options });
  const pids: number[] = [];
  const slow: SlowRequest[] = [];
  for (const next of [2, 3, 4, 5]) {
    pids.push((await service.owner(next - 1)).pid);
    slow.push(await SlowRequest.begin(await service.target()));
    service.signal("SIGHUP", pids.at(-1));
    await service.owner(next);
    // 1 goes when 4 is owner, and 2 when 5 is.
    const leaver = pids[next - 4];
    if (leaver !== undefined) await service.until("exit", { pid: leaver, status: 0 });
  }
  expect(pids.slice(2).map(isAlive)).toEqual([true, true]);
  const cut = service.lines.filter(({ event, on }) => event === "step" && on === "drainBoundHit");
  expect(cut.map(({ generation, from, to }) => [generation, from, to])).toEqual([
    [1, "departing", "left"],
    [2, "departing", "left"],
  ]);
  for (const [index, request] of slow.entries()) {
    expect(request.generation).toBe(index + 1);
    expect(await request.finish()).toBe(index >= 2);
  }
  for (const pid of pids) await service.until("exit", { pid, status: 0 });
  expect(await service.whoami()).toBe(5);
});
