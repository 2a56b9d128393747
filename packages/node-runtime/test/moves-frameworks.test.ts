import { expect, onTestFinished, test } from "vitest";
import { KeptAlive } from "./support/client.js";
import { Service } from "./support/service.js";

/** Asks again and again on one connection, and counts what is not the whole answer. */
async function keepAsking(
  client: KeptAlive,
  goesOn: (asked: number) => boolean,
): Promise<{ asked: number; failed: number }> {
  let asked = 0;
  let failed = 0;
  while (goesOn(asked) && failed === 0) {
    const { outcome, closes } = await client.whoami();
    asked += 1;
    if (outcome !== "ok" || closes) failed += 1;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
  }
  return { asked, failed };
}

test.each(["http", "express", "fastify", "koa", "hono"] as const)(
  "INV-4: kept-alive connections of %s go on through three restarts under load, and no request fails",
  async (server) => {
    const service = await Service.start({
      listeners: [{ server, host: "127.0.0.1", port: 0 }],
      options: { drainDeadlineMs: 20_000 },
    });
    const target = await service.target();
    const clients = await Promise.all(Array.from({ length: 20 }, () => KeptAlive.open(target)));
    onTestFinished(() => {
      for (const client of clients) client.close();
    });
    let busy = true;
    const load = Promise.all(clients.map((client) => keepAsking(client, (asked) => busy || asked <= 3)));
    for (let generation = 2; generation <= 4; generation += 1) {
      const { pid, now } = service;
      service.signal("SIGHUP");
      const report = await service.until("handoff", { pid }, now);
      expect(report).toMatchObject({
        outcome: "committed",
        drain: { moved: 20, finished: 0, closed: 0, cut: 0 },
      });
      await service.until("exit", { pid }, now);
    }
    busy = false;
    for (const { asked, failed } of await load) {
      expect(failed).toBe(0);
      expect(asked).toBeGreaterThan(3);
    }
    for (const client of clients)
      expect(await client.whoami()).toMatchObject({ outcome: "ok", generation: 4 });
  },
);
