import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import { answers, get, startLoad } from "../../register/test/support/load.js";
import { fixture, freePort, Program } from "../../register/test/support/program.js";
import { main, run } from "./support/command.js";

/** Starts a program that knows nothing of Heirloom under a keeper. */
function startKept(
  script: string,
  port: number,
  options: readonly string[] = ["--register"],
  env: Readonly<Record<string, string>> = {},
  prepare: (dir: string) => void = () => {},
): Program {
  return Program.start(script, {
    preload: "none",
    prepare,
    env: { PORT: String(port), ...env },
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

const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end("release 1")).listen(process.env.PORT, "127.0.0.1");
`;

// Red when the preload is told by a variable that they inherit, which leads nowhere from another folder.
test("what a program starts in another folder starts, in each generation, and without the preload", async () => {
  const port = await freePort();
  const script = `
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
const started = () => execFileSync(process.execPath, ["-p", "process.env.NODE_OPTIONS"], { cwd: "/", encoding: "utf8" });
createServer((_, response) => response.end(process.pid + " " + started())).listen(process.env.PORT, "127.0.0.1");
`;
  // The release has a preload of its own.
  const program = startKept(script, port, ["--register"], { NODE_OPTIONS: "--no-warnings" }, (dir) => {
    mkdirSync(join(dir, "node_modules/@heirloom"), { recursive: true });
    symlinkSync(join(main, "../../../register"), join(dir, "node_modules/@heirloom/register"));
  });
  await answers(async () => void (await get({ port })));
  for (let count = 0; count < 2; count += 1) {
    const [pid, ...rest] = (await get({ port })).split(" ");
    expect(rest.join(" ")).toBe("--no-warnings\n");
    await program.logs(new RegExp(`keeps the listeners of generation \\d+ \\(pid ${pid}\\)`));
    program.signal("SIGHUP", program.pid);
    await program.logs(new RegExp(`\\(pid ${pid}\\) handed over to`));
  }
});

// Red when a preload sees the keeper itself listen: SIGHUP would then start a second keeper, in vain.
test("heirloom run keeps a service also where the shell loads the preload into each program", async () => {
  const port = await freePort();
  const option = `--import=${pathToFileURL(join(main, "../../../register/dist/index.js")).href}`;
  const program = startKept(server, port, [], { NODE_OPTIONS: option });
  await answers(async () => void (await get({ port })));
  await program.logs(/keeps the listeners of generation 1/);
  program.signal("SIGHUP", program.pid);
  await program.logs(/keeps the listeners of generation 2/);
});

// Red when the variable that tells a program's helpers from services is passed on.
test("a service is one also where heirloom run is started by a program that is served itself", async () => {
  const port = await freePort();
  const program = startKept(server, port, ["--register"], { HEIRLOOM_SERVED_BY: "1" });
  await answers(async () => void (await get({ port })));
  await program.logs(/keeps the listeners of generation 1/);
});

// Red when the parent compares with the listeners of the last deposit, and not with those of its offer: the child is then blamed.
test("INV-6: a listener that a program adds while its successor boots does not end the handoff", async () => {
  const port = await freePort();
  const script = `
import { createServer } from "node:http";
const { generation } = await import(process.env.API);
if (generation().number > 1) await new Promise((resolve) => setTimeout(resolve, 1_500));
createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT, "127.0.0.1");
process.on("SIGUSR2", () => createServer().listen(0, "127.0.0.1"));
`;
  const program = startKept(script, port, ["--register"]);
  await answers(() => get({ port }).then(() => {}));
  const pid = Number(await get({ port }));
  await program.logs(new RegExp(`keeps the listeners of generation 1 \\(pid ${pid}\\)`));
  program.signal("SIGHUP", program.pid);
  await eventually("the child boots", () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8") !== "");
  program.signal("SIGUSR2", pid);
  await program.logs(new RegExp(`\\(pid ${pid}\\) handed over to`));
});

// The last one is red with a probation of less than two seconds, and where a process that fails gives nothing back.
test.each<[string, string, RegExp]>([
  [
    "crashes at boot",
    `throw new Error("no database");\n${server}`,
    /exited with status 1 before it was owner/,
  ],
  ["is never ready", "setInterval(() => {}, 1000);\n", /the ready deadline of 3000 ms passed/],
  [
    "dies two seconds after commit",
    `${server.replace("release 1", "release 2")}
const { generation } = await import(process.env.API);
const look = setInterval(() => generation().isOwner && (clearInterval(look), setTimeout(() => process.exit(7), 2000)), 10);`,
    /rolled back[\s\S]*exited with status 7 after commit/,
  ],
])(
  "INV-6: restart --wait ends with status 1 for a release that %s, and the earlier one serves",
  async (_, release, reason) => {
    const port = await freePort();
    const program = startKept(server, port, ["--register"], {
      // As a service has it that sets nothing.
      HEIRLOOM_PROBATION_MS: "",
      HEIRLOOM_READY_DEADLINE_MS: "3000",
    });
    await answers(async () => void (await get({ port })));
    await program.logs(/keeps the listeners of generation 1/);
    const load = startLoad(async () => expect(await get({ port })).toMatch(/^release [12]$/));
    await load.more(10);
    program.deploy(release);
    const env = { HEIRLOOM_CONTROL_FOLDER: join(program.dir, "control") };
    const { status, stdout, stderr } = await run(program, ["restart", "--wait", "shop"], { env });
    expect(stdout + stderr).toMatch(reason);
    expect(stdout).toContain("generation 1 serves on");
    expect(status).toBe(1);
    await load.more(10);
    const { failures } = await load.stop();
    expect(failures, program.transcript).toEqual([]);
    expect(await get({ port })).toBe("release 1");
  },
);
