import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { answers, get, startLoad } from "./support/load.js";
import { freePort, Program } from "./support/program.js";

const command = "systemd-socket-activate";
const has = spawnSync("which", [command]).status === 0;
if (!has) process.stderr.write(`${command} is missing: what needs it is skipped\n`);

/** It passes nothing of the environment on but what it is told to. */
const passedOn = ["PATH", "TMPDIR", "HEIRLOOM_TEST_RUN", "HEIRLOOM_PROBATION_MS", "HEIRLOOM_CONTROL_FOLDER"];

test.skipIf(!has).each([
  ["takes the socket by its address", (port: number) => `${port}, "127.0.0.1"`],
  ["takes the descriptor itself", () => "{ fd: 3 }"],
])("INV-1: a program whose socket an init system has bound restarts unnoticed: it %s", async (_, listen) => {
  const port = await freePort();
  const program = Program.start(
    `
import { createServer } from "node:http";
createServer((request, response) => response.end(String(process.pid))).listen(${listen(port)});
`,
    { under: [command, ...passedOn.flatMap((name) => ["-E", name]), "-l", `127.0.0.1:${port}`] },
  );
  await answers(async () => void (await get({ port })));
  const load = startLoad(async () => void (await get({ port })));
  await program.restart();
  await program.restart();
  await load.more(5);
  expect((await load.stop()).failures).toEqual([]);
  expect(await get({ port })).toBe(String(program.pid));
});
