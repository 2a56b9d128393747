import { expect, test } from "vitest";
import { answers, get, startLoad } from "../../register/test/support/load.js";
import { fixture, freePort, Program } from "../../register/test/support/program.js";
import { main } from "./support/command.js";

/** Starts a program that knows nothing of Heirloom under a keeper. */
function startKept(script: string, port: number, options: readonly string[] = ["--register"]): Program {
  return Program.start(script, {
    preload: "none",
    env: { PORT: String(port) },
    under: [process.execPath, main, "run", "--name", "shop", ...options, "--"],
  });
}

// Red without the preload: the program listens, and nobody can hand anything over.
test("INV-1, INV-4: an unmodified Express server restarts unnoticed, and refuses nobody when it is killed", async () => {
  const port = await freePort();
  const program = startKept(fixture("express.cjs"), port);
  const keeper = program.pid;
  const ask = async () => (JSON.parse(await get({ port })) as { pid: number }).pid;
  const exchange = async () => void (await ask());
  await answers(exchange);
  const owner = async () => {
    const pid = await ask();
    await program.logs(new RegExp(`keeps the listeners of generation \\d+ \\(pid ${pid}\\)`));
    return pid;
  };
  const load = startLoad(exchange);
  for (let count = 0; count < 3; count += 1) {
    const before = await owner();
    program.signal("SIGHUP", keeper);
    await program.logs(new RegExp(`\\(pid ${before}\\) handed over to`));
    await load.more(10);
  }
  expect((await load.stop()).failures, program.transcript).toEqual([]);

  const struck = startLoad(exchange);
  for (let count = 0; count < 3; count += 1) {
    const before = await owner();
    program.signal("SIGKILL", before);
    await program.logs(new RegExp(`\\(pid ${before}\\) was ended by SIGKILL`));
    await struck.more(10);
  }
  const { failures } = await struck.stop();
  expect(failures).not.toContain("ECONNREFUSED");
  // One a client at most, for the exchange that the process held which was killed.
  expect(failures.length).toBeLessThanOrEqual(3 * 3);
  program.signal("SIGTERM", keeper);
  expect(await program.firstStatus()).toBe("0");
});

test("without --register people are told what is missing", async () => {
  const program = startKept(fixture("express.cjs"), await freePort(), []);
  await program.logs(/has handed in no listener yet: .* --register is missing/);
});
