import { expect, test } from "vitest";
import { Service } from "./service.js";

const isCounter = (name: string) => /^[a-z_]+_total\b/.test(name);

test("counters go on from generation to generation, and count what a parent did last", async () => {
  const service = new Service();
  await service.owner(1);
  let before = await service.metrics();
  expect(before).toMatchObject({
    heirloom_generation: 1,
    heirloom_owner: 1,
    'heirloom_handoffs_total{outcome="committed"}': 0,
    heirloom_rollbacks_total: 0,
  });
  await service.failToRestart();
  for (let restarts = 1; restarts <= 3; restarts += 1) {
    await service.restart();
    const after = await service.metrics();
    for (const name of Object.keys(before).filter(isCounter)) {
      expect(after[name], name).toBeGreaterThanOrEqual(before[name] ?? 0);
    }
    expect(after).toMatchObject({
      heirloom_generation: restarts + 1,
      heirloom_owner: 1,
      'heirloom_handoffs_total{outcome="committed"}': restarts,
      'heirloom_handoffs_total{outcome="aborted"}': 1,
      'heirloom_connections_total{class="http",end="moved"}': expect.any(Number),
      'heirloom_handoff_step_seconds{step="ready"}': expect.any(Number),
    });
    before = after;
  }
  // The connection of these scrapes moved each time.
  expect(before['heirloom_connections_total{class="http",end="moved"}']).toBeGreaterThanOrEqual(3);
  expect(before.heirloom_connection_pause_seconds).toBeGreaterThan(0);
  expect(service.leftovers).toEqual([]);
});

// Red where a parent leaves nothing behind.
test("two restarts between two scrapes are both counted", async () => {
  const service = new Service();
  await service.owner(1);
  await service.restart();
  await service.restart();
  expect(await service.metrics()).toMatchObject({ 'heirloom_handoffs_total{outcome="committed"}': 2 });
});

// Red when a generation that drains takes what its parent has left: the next one knows nothing of that before it has left itself.
test("no counter goes back, whichever generation is asked", async () => {
  const service = new Service();
  await service.owner(1);
  const askFirst = await service.beginToAsk();
  await service.handOver();
  const askSecond = await service.beginToAsk();
  await service.handOver();
  await askFirst();
  await service.left(service.owners[0]?.pid ?? 0);
  const before = await askSecond();
  expect(before.heirloom_generation).toBe(2);
  const after = await service.metrics();
  expect(after.heirloom_generation).toBe(3);
  for (const name of Object.keys(before).filter(isCounter))
    expect(after[name], name).toBeGreaterThanOrEqual(before[name] ?? 0);
});

test("a generation is not ready before it is owner, and stays ready until it has left", async () => {
  const service = new Service();
  await service.owner(1);
  await service.restart();
  const { pid } = service.owners[0] ?? {};
  await service.until("the parent is probed", (line) => line.pid === pid && line.probed === "leaving");
  expect(service.lines.filter((line) => line.pid === pid && line.probed !== undefined)).toEqual([
    { pid, probed: "before owner", health: 200, ready: 503 },
    { pid, probed: "owner", health: 200, ready: 200 },
    { pid, probed: "leaving", health: 200, ready: 200 },
  ]);
});
