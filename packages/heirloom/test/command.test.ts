import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilOpen } from "../../node-runtime/test/support/control-client.js";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import { startLoad, unharmed } from "../../node-runtime/test/support/load.js";
import { type Config, Service, type StartOptions } from "../../node-runtime/test/support/service.js";
import { SlowRequest } from "../../node-runtime/test/support/slow-request.js";
import { CommandRun, inTerminal, main, run } from "./support/command.js";
import { Impostor, says, wellStatus } from "./support/impostor.js";

const name = "heirloom-node-runtime";

async function started(config: Config = {}, options: StartOptions = {}): Promise<Service> {
  const service = await Service.start(config, options);
  await untilOpen(service, 1);
  return service;
}

test("restart waits, and ends with status 0 when the release serves and the earlier one has left", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const { pid } = service;
  const restart = new CommandRun(service, ["restart"]);
  await service.owner(2);
  expect(restart.process.exitCode).toBeNull();
  expect(await slow.finish()).toBe(true);
  const { status, stdout, stderr } = await restart.outcome;
  expect(stdout).toMatch(
    new RegExp(
      `^✓ ${name}: generation 2 took over as pid ${service.pid} in .*; generation 1 drained in .*: 1 connection finished\n$`,
    ),
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  await service.until("exit", { pid, status: 0 });
});

test("in a terminal restart shows each step as it happens, in colours unless NO_COLOR says otherwise", async () => {
  const service = await started();
  const { stdout, status } = await run(service, ["restart"], { under: inTerminal, env: { TERM: "xterm" } });
  expect(status).toBe(0);
  for (const step of ["spawned", "accepted", "ready", "commit", "committed", "draining"])
    expect(stdout).toContain(step);
  expect(stdout).toContain("\u001b[32m");
  const plain = await run(service, ["restart"], { under: inTerminal, env: { TERM: "xterm", NO_COLOR: "1" } });
  expect(plain.stdout).toContain("✓ spawned");
  expect(plain.stdout).not.toContain("\u001b[32m");
});

// Red when every answer is written: the same line came four times a second.
test("in a terminal restart says once what it waits for: the connections, and the release's probation", async () => {
  const service = await started({ options: { probationMs: 2_000 } });
  const { stdout } = await run(service, ["restart"], { under: inTerminal, env: { TERM: "xterm" } });
  const told = stdout
    .split(/\r?\n/)
    .flatMap((line) => /draining +(.*)/.exec(stripVTControlCharacters(line))?.[1] ?? []);
  expect(told[0]).toBe("0 connections left, and 2 s of the release's probation");
  expect(told).toEqual([...new Set(told)]);
});

test("--json gives each answer as the service gave it", async () => {
  const service = await started();
  const { stdout } = await run(service, ["restart", "--json"]);
  const answers = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(answers[0]).toMatchObject({ type: "step", step: "started" });
  expect(answers.at(-1)).toMatchObject({ type: "outcome", outcome: "committed", child: { generation: 2 } });
});

describe("INV-6: status 1 and the reason for a release that does not take over, and the earlier one serves", () => {
  const intoLog = ["sh", "-c", 'exec "$@" 2>>log', "sh"];

  test("it crashes at boot: what it wrote last is shown, where that is a file", async () => {
    const service = await started({}, { under: intoLog });
    service.configure({ before: "throws" });
    const { status, stdout } = await run(service, ["restart"]);
    expect(status).toBe(1);
    expect(stdout).toContain("the restart failed after");
    expect(stdout).toContain("generation 2 exited with status 1 before it was owner");
    expect(stdout).toContain("Error: the release is broken");
    expect(stdout).toContain("generation 1 serves on");
    expect(await service.whoami()).toBe(1);
  });

  test("it is never ready", async () => {
    const service = await started({ options: { readyDeadlineMs: 2_000, exitDeadlineMs: 500 } });
    service.configure({ beforeReady: "neverReady" });
    const { status, stdout } = await run(service, ["restart"]);
    expect(stdout).toContain("the ready deadline of 2000 ms passed");
    expect(status).toBe(1);
    expect(await service.whoami()).toBe(1);
  });

  test("it dies right after commit", async () => {
    const service = await started();
    service.arm({ role: "child", effect: "sendCommitted", when: "after", signal: "SIGKILL" });
    const { status, stdout } = await run(service, ["restart"]);
    expect(stdout).toContain("the restart was rolled back");
    expect(stdout).toContain("was ended by SIGKILL after commit");
    expect(status).toBe(1);
    expect(await service.whoami()).toBe(1);
  });
});

test("INV-2: a process that dies during a restart leaves it to its child, and the caller is told that it took over", async () => {
  const service = await started();
  service.arm({ role: "parent", event: "readyReceived", signal: "SIGKILL" });
  const { status, stdout } = await run(service, ["restart"]);
  expect(stdout).toContain(`✓ ${name}: generation 2 serves as pid ${service.pid}`);
  expect(status).toBe(0);
});

// Red when a request that is passed on is asked anew, without the generation that it is to lead to.
test("many callers at once share two restarts at most, and each gets a true answer", async () => {
  const service = await started({ options: { probationMs: 8_000 } });
  const load = startLoad(await service.target());
  const outcomes = await Promise.all(Array.from({ length: 12 }, () => run(service, ["restart", "--json"])));
  for (const { status, stdout, stderr } of outcomes) {
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(["committed", "alreadyCommitted"]).toContain(last.outcome);
  }
  const owners = service.lines.filter(({ event }) => event === "owner").length;
  expect(owners - 1).toBeLessThanOrEqual(2);
  expect(await load.stop()).toSatisfy(unharmed);
});

test("--no-wait returns when the restart has begun", async () => {
  const service = await started();
  service.configure({ beforeReady: "neverReady", options: { readyDeadlineMs: 10_000 } });
  expect((await run(service, ["restart", "--no-wait"])).status).toBe(0);
  await service.until("listening", { generation: 2 });
});

describe("--no-wait returns only when the restart happens without it", () => {
  // Red when it returns once the request is queued: nobody goes on with it when the restart under way has succeeded.
  test("not while another one is under way", async () => {
    const service = await started();
    service.configure({ beforeReady: "waits", options: { probationMs: 500 } });
    service.signal("SIGHUP");
    await service.until("waiting");
    const restart = new CommandRun(service, ["restart", "--no-wait", "--json"]);
    await eventually("it is queued", () => restart.stdout.includes('"queued"'));
    service.configure({});
    await service.owner(3);
    expect((await restart.outcome).status).toBe(0);
  });

  // Red when it returns once the request is queued: it is lost with the release that waits for the end of its probation.
  test("nor during a probation, in which the release may die", async () => {
    const service = await started({ options: { probationMs: 8_000 } });
    await service.handoff();
    await untilOpen(service, 2);
    const restart = new CommandRun(service, ["restart", "--no-wait", "--json"]);
    await eventually("it is queued", () => restart.stdout.includes('"behind":"probation"'));
    const { now } = service;
    service.signal("SIGKILL");
    await service.owner(2, now);
    expect((await restart.outcome).status).toBe(0);
  });
});

test("Ctrl-C during a probation leaves the restart to follow it", async () => {
  const service = await started({ options: { probationMs: 2_000 } });
  await service.handoff();
  await untilOpen(service, 2);
  const restart = new CommandRun(service, ["restart", "--json"]);
  await eventually("it is queued", () => restart.stdout.includes('"behind":"probation"'));
  restart.process.kill("SIGINT");
  expect((await restart.outcome).stderr).toContain("what was asked for goes on");
  await service.owner(3);
});

describe("each way to fail has a status of its own", () => {
  test("3: nothing of that name runs, and these do", async () => {
    const service = await started();
    const other = await run(service, ["restart", "web"]);
    expect(other).toMatchObject({
      status: 3,
      stderr: `heirloom: no service called web runs\n  these do: ${name}\n`,
    });
  });

  test("3: nothing runs, also when a process that was killed left its socket behind", async () => {
    const service = await started();
    service.signal("SIGKILL");
    await service.gone();
    const { status, stderr } = await run(service, ["status"]);
    expect(stderr).toContain("no service that uses Heirloom runs");
    expect(status).toBe(3);
  });

  test("2: the command line makes no sense", async () => {
    const service = await started();
    expect(await run(service, ["restrat"])).toMatchObject({ status: 2, stdout: "" });
    expect((await run(service, ["restrat"])).stderr).toMatch(
      /^heirloom: unknown command 'restrat'\n\(Did you mean restart\?\)/,
    );
    expect((await run(service, ["status", "--jsn"])).status).toBe(2);
  });

  test("4: the service is ending", async () => {
    const service = await started();
    const slow = await SlowRequest.begin(await service.target());
    service.signal("SIGTERM");
    await service.until("step", { to: "stopping" });
    const { status, stderr } = await run(service, ["restart"]);
    expect(stderr).toBe(`heirloom: ${name}: the service is ending: start it again instead\n`);
    expect(status).toBe(4);
    expect(await slow.finish()).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)("4: the service is another user's", async () => {
    const service = await started();
    chmodSync(service.dir, 0o755);
    const asNobody = (command: readonly string[]) => [
      "setpriv",
      "--reuid=65534",
      "--clear-groups",
      ...command,
    ];
    const { status, stderr } = await run(service, ["status", "--folder", join(service.dir, "heirloom")], {
      under: asNobody,
    });
    expect(stderr).toContain("belongs to another user: ask as that user, or with sudo");
    expect(status).toBe(4);
  });

  test("5: a restart is under way, and this one does not want to wait", async () => {
    const service = await started();
    service.configure({ beforeReady: "neverReady" });
    service.signal("SIGHUP");
    await service.until("listening", { generation: 2 });
    const { status, stderr } = await run(service, ["restart", "--no-queue"]);
    expect(stderr).toContain("a restart is under way: generation 1 hands over to generation 2");
    expect(status).toBe(5);
  });

  test("6: the service does not answer", async () => {
    const service = await started();
    const { pid } = service;
    service.signal("SIGSTOP");
    const { status, stderr } = await run(service, ["restart"]);
    const shown = await run(service, ["status"]);
    service.signal("SIGCONT", pid);
    expect(stderr).toContain(`generation 1 (pid ${pid}) does not answer`);
    expect(status).toBe(6);
    expect(shown.stdout).toMatch(new RegExp(`1 +${pid} +no answer`));
    expect(shown.status).toBe(6);
  });
});

test("status shows who serves and who drains", async () => {
  const service = await started();
  const first = service.pid;
  const slow = await SlowRequest.begin(await service.target());
  await service.handoff();
  await untilOpen(service, 2);
  const { status, stdout } = await run(service, ["status", name]);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`2 +${service.pid} +serving .*\n +1 +${first} +draining +\\d+ s +1 `));
  const json = JSON.parse((await run(service, ["status", "--json"])).stdout) as {
    processes: { status: { generation: number } }[];
  }[];
  expect(json[0]?.processes.map((process) => process.status.generation)).toEqual([2, 1]);
  expect(await slow.finish()).toBe(true);
});

test("watch follows the service from generation to generation, and ends with it", async () => {
  const service = await started();
  const watch = new CommandRun(service, ["watch", "--json"]);
  await eventually("it shows generation 1", () => watch.stdout.includes('"generation":1'));
  await service.succeed();
  await eventually("it shows generation 2", () => watch.stdout.includes('"generation":2,"pid"'));
  service.signal("SIGTERM");
  expect((await watch.outcome).status).toBe(0);
});

test("stop ends the service when everything accepted is finished", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const stop = new CommandRun(service, ["stop"]);
  await service.until("step", { to: "stopping" });
  expect(await slow.finish()).toBe(true);
  const { status, stdout } = await stop.outcome;
  expect(stdout).toMatch(/ended; its last generation drained in .*: 1 connection finished\n$/);
  expect(status).toBe(0);
  await service.gone();
});

// Red when the owner's end is taken for that of the service.
test("stop waits for an earlier generation that drains, too, and shows it", async () => {
  const service = await started({ options: { drainDeadlineMs: 30_000 } });
  const { pid } = service;
  const slow = await SlowRequest.begin(await service.target());
  await service.handoff();
  await untilOpen(service, 2);
  const stop = new CommandRun(service, ["stop"], { under: inTerminal, env: { TERM: "xterm" } });
  await eventually("it shows who is left", () =>
    stop.stdout.includes(`generation 1 (pid ${pid}): 1 connection left`),
  );
  expect(stop.stdout).not.toContain("ended");
  expect(await slow.finish()).toBe(true);
  const { status, stdout } = await stop.outcome;
  expect(stdout).toContain(`${name} ended;`);
  expect(status).toBe(0);
  expect(service.processes).toEqual([]);
});

test("Ctrl-C stops the waiting, not the restart", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const restart = new CommandRun(service, ["restart"]);
  await service.owner(2);
  restart.process.kill("SIGINT");
  const { status, stderr } = await restart.outcome;
  expect({ status, stderr }).toMatchObject({
    status: 130,
    stderr: expect.stringContaining("what was begun goes on"),
  });
  expect(await slow.finish()).toBe(true);
  expect(await service.whoami()).toBe(2);
});

test("Ctrl-C withdraws a restart that has not begun, and says so", async () => {
  const service = await started();
  service.configure({ beforeReady: "neverReady" });
  service.signal("SIGHUP");
  await service.until("listening", { generation: 2 });
  const restart = new CommandRun(service, ["restart", "--json"]);
  await eventually("it is queued", () => restart.stdout.includes('"queued"'));
  restart.process.kill("SIGINT");
  const { status, stderr } = await restart.outcome;
  expect(stderr).toContain("the restart had not begun, and is withdrawn");
  expect(status).toBe(130);
});

describe("whoever reads", () => {
  // Red when the command ends with its reader, as if all were well.
  test("may leave: the status is that of the outcome", async () => {
    const service = await started({ options: { readyDeadlineMs: 2_000, exitDeadlineMs: 500 } });
    service.configure({ beforeReady: "neverReady" });
    const restart = new CommandRun(service, ["restart", "--json"]);
    await eventually("it tells of the first step", () => restart.stdout.includes('"started"'));
    restart.process.stdout?.destroy();
    expect((await restart.outcome).status).toBe(1);
  });

  test("may leave, and watch ends", async () => {
    const service = await started();
    const watch = new CommandRun(service, ["watch", "--json"]);
    await eventually("it shows generation 1", () => watch.stdout.includes('"generation":1'));
    watch.process.stdout?.destroy();
    await service.succeed();
    expect((await watch.outcome).status).toBe(0);
  });

  // Red when the process exits with what the pipe has not taken yet.
  test("gets all of it", async () => {
    const service = await started();
    const script = "x".repeat(1_000_000);
    const status = { ...wellStatus, release: { ...wellStatus.release, script } };
    await Impostor.start(join(service.dir, "heirloom", "api"), says(status));
    const { stdout } = await run(service, ["status", "--json"]);
    expect(stdout).toContain(`${script}"`);
    expect(JSON.parse(stdout)).toHaveLength(2);
  });
});

// Red without a pause, and without an end: it asked as fast as it could, for ever.
test("6: a service that has no descriptors left ends each conversation, and is not asked for ever", async () => {
  const service = await started(
    { before: "outOfDescriptorsLater", options: { probationMs: 0 } },
    { under: ["sh", "-c", 'ulimit -n 60; exec "$@"', "sh"] },
  );
  service.signal("SIGUSR1");
  await service.until("descriptorsTaken");
  const outcomes = await Promise.all([run(service, ["restart"]), run(service, ["stop"])]);
  for (const { status, stderr } of outcomes) {
    expect(stderr).toContain(`generation 1 (pid ${service.pid}) ends each conversation without an answer`);
    expect(status).toBe(6);
  }
  service.signal("SIGUSR1");
  await service.until("descriptorsFree");
  expect((await run(service, ["restart"])).status).toBe(0);
});

// Red when only silence makes it pause: it asked as fast as it could.
test("6: whoever answers something else, or nothing, is not asked for ever", async () => {
  const service = await started();
  const others = { api: (socket: Socket) => void socket.destroy(), web: says(wellStatus) };
  for (const [other, talk] of Object.entries(others)) {
    const impostor = await Impostor.start(join(service.dir, "heirloom", other), talk);
    expect((await run(service, ["restart", other])).status).toBe(6);
    expect(impostor.connections).toBeLessThan(1_000);
  }
});

test("doctor looks at the machine and at the service", async () => {
  const service = await started();
  const { status, stdout } = await run(service, ["doctor", "--json"]);
  expect(status).toBe(0);
  const [machine, found] = JSON.parse(stdout) as {
    about: string;
    findings: { level: string; check: string }[];
  }[];
  expect(machine?.findings.map(({ check }) => check)).toEqual([
    "system",
    "node",
    "koffi",
    "backlog",
    "control",
  ]);
  expect(found).toMatchObject({ about: name });
  expect(found?.findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ level: "ok", check: "owner" }),
      expect.objectContaining({ level: "ok", check: "open files" }),
      expect.objectContaining({ level: "ok", check: "program" }),
    ]),
  );
});

// Red where the port is not bound, and where the kernel's table of sockets is not read.
test("doctor tells of a port whether it is free, and who holds it", async () => {
  const service = await started();
  const { host, port } = (await service.target()) as { host: string; port: number };
  const held = await run(service, ["doctor", "--port", `${host}:${port}`, "--port", "1", name]);
  expect(held.stdout).toMatch(new RegExp(`✗ port ${host}:${port} +is held by pid ${service.pid} \\(.*node`));
  // To the service itself, on which nobody else listens.
  expect(held.stdout).toMatch(new RegExp(`✓ port ${port} +nobody else`));
  expect(held.stdout).toMatch(/ port 1 /);
  expect(held.status).toBe(1);
  service.signal("SIGTERM");
  await service.gone();
  const free = await run(service, ["doctor", "--port", `${host}:${port}`]);
  expect(free.stdout).toMatch(new RegExp(`✓ port ${host}:${port} +is free`));
  expect(free.status).toBe(0);
});

// Red when the addresses are not compared.
test("doctor leaves those alone who listen on a service's port at another address", async () => {
  const service = await started();
  const { port } = (await service.target()) as { port: number };
  for (const host of ["127.0.0.2", "::"]) {
    const other = createServer().listen({ port, host, ipv6Only: true });
    onTestFinished(() => void other.close());
    await once(other, "listening");
  }
  expect((await run(service, ["doctor"])).stdout).toMatch(new RegExp(`✓ port ${port} +nobody else`));
});

test("doctor refuses what is no port", async () => {
  const service = await started();
  for (const port of ["0", "65536", "http", "[::1]:"]) {
    const { status, stderr } = await run(service, ["doctor", "--port", port]);
    expect(stderr).toContain(`--port ${port} is not a port`);
    expect(status).toBe(2);
  }
});

test("doctor fails where a restart would: no descriptors are left", async () => {
  const service = await started({}, { under: ["sh", "-c", 'ulimit -n 36; exec "$@"', "sh"] });
  const { status, stdout } = await run(service, ["doctor"]);
  expect(stdout).toMatch(/✗ open files +\d+ of 36 descriptors are in use: no child can be started/);
  expect(status).toBe(1);
});

test.each(["bash", "zsh", "fish"])("the completion for %s is one that the shell understands", (shell) => {
  const script = execFileSync(process.execPath, [main, "completion", shell], { encoding: "utf8" });
  expect(script).toContain("restart status watch stop doctor");
  const checked = spawnSync(shell, ["-n"], { input: script, encoding: "utf8" });
  // Where the shell is not installed there is nobody to ask.
  if (checked.error === undefined)
    expect({ status: checked.status, stderr: checked.stderr }).toEqual({ status: 0, stderr: "" });
});
