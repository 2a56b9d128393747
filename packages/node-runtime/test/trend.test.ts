import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLoad, unharmed } from "./support/load.js";
import { residentKilobytes, settledDescriptors } from "./support/processes.js";
import { Service } from "./support/service.js";

const restarts = Number(process.env.HEIRLOOM_TEST_RESTARTS ?? 100);

// Red when a generation keeps a descriptor that it was given: its child is given that one, too, and one more.
test(`INV-1, INV-5: ${restarts} restarts in a row leave nothing behind, and no client notices`, {
  timeout: 4_000 * restarts,
}, async () => {
  const service = await Service.start({
    listeners: [
      { name: "default", server: "http", host: "127.0.0.1", port: 0 },
      { name: "local", server: "http", path: "app.sock" },
    ],
  });
  const load = startLoad(await service.target(), 1, 20);
  const sizes: number[] = [];
  const environment: number[] = [];
  let early: Record<string, number> = {};
  for (let done = 1; done <= restarts; done += 1) {
    await service.succeed();
    const { pid } = service;
    sizes.push(residentKilobytes(pid));
    environment.push(environmentBytes(pid));
    if (done === 3) early = await settledDescriptors(pid);
  }
  expect(await service.whoami()).toBe(restarts + 1);
  expect(await load.stop()).toSatisfy(unharmed);
  const late = await settledDescriptors(service.pid);
  // The load's own connection may have been there at the first look.
  expect(late.socket).toBeLessThanOrEqual(early.socket ?? 0);
  expect({ ...late, socket: 0 }).toEqual({ ...early, socket: 0 });
  expect(service.processes).toEqual([service.pid]);
  expect(readdirSync(service.dir).sort()).toEqual(["app.sock", "config.json", "heirloom"]);
  // The control sockets of a service: its folder, the owner's socket, and the name that leads there.
  expect(readdirSync(join(service.dir, "heirloom"), { recursive: true })).toHaveLength(3);
  // What a generation is started with does not grow from one to the next, but for the digits of its number.
  expect(Math.max(...environment.slice(3)) - Math.min(...environment.slice(3))).toBeLessThan(64);
  // Nor does its size: the median of the last quarter against that of the first.
  const quarter = Math.floor(restarts / 4);
  expect(median(sizes.slice(-quarter))).toBeLessThan(1.15 * median(sizes.slice(0, quarter)));
});

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}

function environmentBytes(pid: number): number {
  return readFileSync(`/proc/${pid}/environ`).length;
}
