import { expect, test } from "vitest";
import { request } from "./support/client.js";
import { eventually } from "./support/eventually.js";
import { refusals, startLoad } from "./support/load.js";
import { isAlive } from "./support/processes.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

const rounds = Number(process.env.HEIRLOOM_TEST_CRASHES ?? 25);

/** Numbers that look random and are the same in every run. */
function* randomly(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/**
 * Restarts, and ends one of the two processes at any moment of it; a round that comes to nothing is as good as one that
 * commits. What must hold every time: somebody serves, nobody was refused, nothing is left.
 */
async function crash(victim: "parent" | "child", seed: number): Promise<void> {
  const service = await Service.start();
  const target = await service.target();
  const load = startLoad(target, 2, 8);
  // A parent that has something to finish can take the service back from its child, however late that one dies.
  const slow = victim === "child" ? await SlowRequest.begin(target) : undefined;
  const random = randomly(seed);
  for (let round = 0; round < rounds; round += 1) {
    const { now, pid, processes: before } = service;
    const spawned = service.until("step", { pid, on: "childSpawned" }, now);
    service.signal("SIGHUP", pid);
    await spawned;
    // One that was ended a moment ago may not have been collected yet, and one that begins shows its environment late.
    let child = pid;
    await eventually("the child is seen", () => {
      child = service.processes.find((other) => !before.includes(other)) ?? pid;
      return child !== pid;
    });
    const delayMs = random.next().value * 250;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const dies = victim === "parent" ? pid : child;
    // A restart that was over by then has left one process, and it must not be this test that ends the service.
    const survives = victim === "parent" ? child : pid;
    if (survives !== dies && isAlive(survives)) kill(dies);
    await eventually("one process is left", () => service.processes.length === 1);
    await eventually("it serves", async () => {
      const answer = await request(target);
      expect(answer.outcome).not.toBe("refused");
      return answer.outcome === "ok";
    });
    await eventually("it is owner", () =>
      service.lines.some((line) => line.event === "owner" && isAlive(line.pid)),
    );
  }
  if (slow !== undefined) expect(await slow.finish()).toBe(true);
  expect(refusals(await load.stop())).toBe(0);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It had left by itself.
  }
}

test("INV-1, INV-2: parents end at any moment of a restart, and a child serves each time", () =>
  crash("parent", 11));

test("INV-1, INV-2: children end at any moment of a restart, and the parent serves each time", () =>
  crash("child", 12));
