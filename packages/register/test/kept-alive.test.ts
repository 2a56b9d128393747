import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keepAlive } from "./support/kept-alive.js";
import { answers, get } from "./support/load.js";
import { fixture, freePort, Program } from "./support/program.js";

const { resolve } = createRequire(import.meta.url);
const restarts = 3;

interface Case {
  readonly name: string;
  readonly file: string;
  readonly args?: (port: string) => string[];
  readonly path?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const programs: Case[] = [
  { name: "Express", file: fixture("express.cjs") },
  { name: "Fastify", file: fixture("fastify.mjs") },
  {
    name: "http-server",
    file: resolve("http-server/bin/http-server"),
    args: (port) => [".", "--port", port, "-a", "127.0.0.1", "-c-1"],
    path: "/page.txt",
    files: { "page.txt": "hello" },
  },
  {
    name: "json-server",
    file: resolve("json-server/lib/cli/bin.js"),
    args: (port) => ["db.json", "--port", port, "--host", "127.0.0.1", "--quiet"],
    path: "/posts/1",
    files: { "db.json": JSON.stringify({ posts: [{ id: 1, title: "hello" }] }) },
  },
];

// Red with the runtime's `connections: "close"`: a generation that leaves ends its connections.
test.each(programs)("INV-4: $name keeps its kept-alive clients over restarts", async (program) => {
  const { file, args, path = "/", files = {} } = program;
  const port = await freePort();
  const running = Program.start(file, {
    args: args?.(String(port)) ?? [],
    env: { PORT: String(port), NODE_OPTIONS: `--require ${fixture("patient.cjs")}` },
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(running.dir, name), text);
  await answers(async () => void (await get({ port }, path)));
  const clients = await keepAlive(port, path);
  await clients.more(3);
  for (let count = 0; count < restarts; count += 1) {
    await running.restart();
    await clients.more(3);
  }
  const losses = await clients.stop();
  expect(losses, running.transcript).toEqual([]);
  expect(running.log.match(/[1-9]\d* connections moved/g), running.log).toHaveLength(restarts);
});
