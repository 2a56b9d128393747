import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { answers, type Exchange, get, startLoad } from "./support/load.js";
import { exchangeMessage } from "./support/mqtt.js";
import { fixture, freePort, Program } from "./support/program.js";

const { resolve } = createRequire(import.meta.url);
const restarts = 4;

/** Restarts a program under load, from clients that never try anything again. */
async function restartUnderLoad(program: Program, exchange: Exchange): Promise<void> {
  await answers(exchange);
  const load = startLoad(exchange);
  await load.more(10);
  for (let count = 0; count < restarts; count += 1) {
    await program.restart();
    await load.more(10);
  }
  const { ok, failures } = await load.stop();
  expect(failures, program.transcript).toEqual([]);
  expect(ok).toBeGreaterThan(restarts * 10);
}

// Red with a preload that leaves listen() as it is: the child cannot bind what its parent holds.
test("INV-1, INV-4: an Express application with its own handlers of SIGTERM and SIGHUP restarts unnoticed", async () => {
  const port = await freePort();
  const program = Program.start(fixture("express.cjs"), { env: { PORT: String(port) } });
  const first = program.pid;
  await restartUnderLoad(program, async () => {
    expect(JSON.parse(await get({ port }))).toEqual({ pid: expect.any(Number) });
  });
  expect(JSON.parse(await get({ port }))).toEqual({ pid: program.pid });
  // Each generation that left was told as it expects, and none of them by the signal that restarts.
  expect(program.output).toContain(`${first} closes after SIGTERM\n${first} closed: well`);
  expect(program.output).not.toContain("closes after SIGHUP");
  expect(program.output.match(/listening on port/g)).toHaveLength(restarts + 1);
  await program.logs("its own handlers of SIGHUP are not called");
});

test("INV-1, INV-4: a Fastify application on every address of localhost restarts unnoticed", async () => {
  const port = await freePort();
  const program = Program.start(fixture("fastify.mjs"), { env: { PORT: String(port) } });
  const first = program.pid;
  await restartUnderLoad(program, async () => {
    expect(JSON.parse(await get({ port, host: "localhost" }))).toEqual({ pid: expect.any(Number) });
  });
  await program.says(`${first} closed`);
});

test("INV-1, INV-4: http-server restarts unnoticed", async () => {
  const port = await freePort();
  const program = Program.start(resolve("http-server/bin/http-server"), {
    args: [".", "--port", String(port), "-a", "127.0.0.1", "-c-1"],
  });
  writeFileSync(join(program.dir, "page.txt"), "hello");
  await restartUnderLoad(program, async () => expect(await get({ port }, "/page.txt")).toBe("hello"));
});

test("INV-1, INV-4: json-server restarts unnoticed", async () => {
  const port = await freePort();
  const program = Program.start(resolve("json-server/lib/cli/bin.js"), {
    args: ["db.json", "--port", String(port), "--host", "127.0.0.1", "--quiet"],
  });
  writeFileSync(join(program.dir, "db.json"), JSON.stringify({ posts: [{ id: 1, title: "hello" }] }));
  await restartUnderLoad(program, async () => {
    expect(JSON.parse(await get({ port }, "/posts/1"))).toEqual({ id: 1, title: "hello" });
  });
});

test("INV-1, INV-4: an MQTT broker takes every new client while it restarts", async () => {
  const port = await freePort();
  const program = Program.start(fixture("aedes.mjs"), {
    env: { PORT: String(port), HEIRLOOM_DRAIN_DEADLINE_MS: "2000" },
  });
  await restartUnderLoad(program, () => exchangeMessage(port));
});
