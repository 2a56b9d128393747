import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { request } from "../../node-runtime/test/support/client.js";
import { untilOpen } from "../../node-runtime/test/support/control-client.js";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import { refusals, startLoad, unharmed } from "../../node-runtime/test/support/load.js";
import { NotifyReceiver } from "../../node-runtime/test/support/notify-receiver.js";
import { isAlive, runVariable } from "../../node-runtime/test/support/processes.js";
import { type Config, type Fault, fixture, Service } from "../../node-runtime/test/support/service.js";
import { SlowRequest } from "../../node-runtime/test/support/slow-request.js";
import { CommandRun, main, run } from "./support/command.js";

const name = "heirloom-node-runtime";

interface Kept {
  readonly service: Service;
  /** The process that stays. */
  readonly keeper: number;
}

async function kept(config: Config = {}, options: readonly string[] = []): Promise<Kept> {
  const service = await Service.start(config, {
    under: [process.execPath, main, "run", "--name", name, ...options, "--"],
  });
  await deposited(service);
  return { service, keeper: parentOf(service.pid) };
}

/** Waits until the keeper could replace this service's owner: a moment after it is owner. */
function deposited(service: Service): Promise<void> {
  return service.logged(new RegExp(`keeps the listeners of generation \\d+ \\(pid ${service.pid}\\)`));
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** How the keeper has ended. */
async function exited(service: Service): Promise<Service["exited"]> {
  await eventually("the keeper's exit is told", () => service.exited !== undefined);
  return service.exited;
}

/** The keeper and one generation, and nobody else. */
const settled = (service: Service) =>
  eventually("one generation is left", () => service.processes.length === 2);

test("the process that was started stays: it passes signals on, becomes the parent of each generation, and ends with the service", async () => {
  const { service, keeper } = await kept();
  const load = startLoad(await service.target());
  process.kill(keeper, "SIGHUP");
  await service.owner(2);
  await eventually("the keeper is its parent", () => parentOf(service.pid) === keeper);
  expect((await run(service, ["restart"])).status).toBe(0);
  expect(await service.whoami()).toBe(3);
  expect(await load.stop()).toSatisfy(unharmed);
  process.kill(keeper, "SIGTERM");
  await service.gone();
  expect(await exited(service)).toEqual({ code: 0, signal: null });
});

// Red without custody: the clients between two generations are refused. Red when SIGKILL counts as a crash of the release.
test("INV-1: a generation that is killed is replaced however often, and no client is refused", async () => {
  const { service, keeper } = await kept({}, ["--crashes", "2"]);
  const load = startLoad(await service.target());
  for (let generation = 1; generation <= 5; generation += 1) {
    service.signal("SIGKILL");
    await service.owner(generation + 1);
    expect(parentOf(service.pid)).toBe(keeper);
    await deposited(service);
  }
  const result = await load.stop();
  expect(refusals(result)).toBe(0);
  expect(result.generations).toContain(6);
  await settled(service);
  await service.succeed();
});

// Red without the letter box: the first deposit comes some 20 ms after the generation is owner.
test.each<[string, Omit<Fault, "signal">]>([
  ["about to accept", { role: "child", effect: "startAccepting", when: "before" }],
  ["having accepted for a moment", { role: "child", effect: "startAccepting", when: "after" }],
])("INV-1: a first generation that is killed before its deposit, %s, refuses nobody", async (_, moment) => {
  const service = await Service.start(
    { listeners: [{ server: "http", host: "127.0.0.1", port: await freePort() }] },
    {
      under: [process.execPath, main, "run", "--name", name, "--"],
      withoutOwner: true,
      prepare: (dir) =>
        writeFileSync(join(dir, "fault.json"), JSON.stringify({ ...moment, signal: "SIGKILL" })),
    },
  );
  await service.owner(2);
  // It has inherited what the first one bound, instead of binding it anew.
  const { listeners } = await service.until("listening", { generation: 2 });
  expect(listeners).toMatchObject([{ disposition: "inherited" }]);
  expect(service.log).toContain("generation 1");
  await deposited(service);
  await service.succeed();
});

// It passes nothing of the environment on but what it is told to.
const passedOn = ["PATH", "PWD", "TMPDIR", "XDG_RUNTIME_DIR", "FIXTURE_DIR", runVariable].flatMap((each) => [
  "-E",
  each,
]);

test.skipIf(spawnSync("systemd-socket-activate", ["--version"]).error !== undefined)(
  "sockets that an init system passed to the keeper are for the first generation, and after its crash for the next one",
  async () => {
    const port = await freePort();
    const target = { host: "127.0.0.1", port };
    const listeners = [{ server: "http", ...target }] as const;
    const service = await Service.start(
      { before: "exit3" },
      {
        under: [
          "systemd-socket-activate",
          "--listen",
          `127.0.0.1:${port}`,
          ...passedOn,
          process.execPath,
          main,
          "run",
          "--name",
          name,
          "--",
        ],
        withoutOwner: true,
      },
    );
    await service.logged(/Listening on/);
    // The keeper is started for this client, which waits in the queue.
    const waiting = request(target);
    await service.logged(/exited with status 3/);
    service.configure({ listeners });
    expect((await waiting).outcome).toBe("ok");
    expect(service.lines.find(({ event }) => event === "listening")?.listeners).toMatchObject([
      { disposition: "inherited" },
    ]);
    await deposited(service);
    await service.succeed();
  },
);

/** Passes a socket for each port on, as socket units do, or two for one that comes twice, to the program behind them. */
const passesSockets = `
import fcntl, os, socket, sys
ports = [int(port) for port in sys.argv[1].split(",")]
listeners = {}
for port in ports:
    if port in listeners: continue
    listeners[port] = socket.socket()
    listeners[port].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listeners[port].bind(("127.0.0.1", port))
    listeners[port].listen()
copies = [fcntl.fcntl(listeners[port].fileno(), fcntl.F_DUPFD, 20) for port in ports]
for index, copy in enumerate(copies):
    os.dup2(copy, 3 + index, inheritable=True)
names = ":".join("web" for port in ports)
os.environ.update(LISTEN_FDS=str(len(ports)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=names)
os.execvp(sys.argv[2], sys.argv[2:])
`;

/** The keeper with its service, started with sockets on these ports. */
const underSockets = (...ports: readonly number[]) => [
  ...["python3", "-c", passesSockets, ports.join(",")],
  ...[process.execPath, main, "run", "--name", name, "--"],
];

describe.skipIf(spawnSync("python3", ["--version"]).error !== undefined)("sockets of an init system", () => {
  // Red when the numbers are passed on as they came: the second one is a socket of the keeper's own by then.
  test("one that was passed twice is passed on once, and nothing else is", async () => {
    const target = { host: "127.0.0.1", port: await freePort() };
    const service = await Service.start(
      { listeners: [{ server: "http", ...target }] },
      { under: underSockets(target.port, target.port) },
    );
    expect(await service.listeners()).toMatchObject([{ disposition: "inherited" }]);
    const environment = readFileSync(`/proc/${service.pid}/environ`, "utf8").split("\0");
    expect(environment).toContain("LISTEN_FDS=1");
    expect(environment).toContain("LISTEN_FDNAMES=web");
    await deposited(service);
    await service.succeed();
  });

  // Red with four or more when a replacement hears of them, too: it takes a listener's own copy for one that came twice.
  test("INV-1: are kept through a crash, however many there are", async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const service = await Service.start(
      {
        listeners: ports.map((port, index) => ({
          server: "http",
          name: `web${index}`,
          host: "127.0.0.1",
          port,
        })),
      },
      { under: underSockets(...ports) },
    );
    await deposited(service);
    service.signal("SIGKILL");
    await service.owner(2);
    expect(await service.listeners(2)).toMatchObject(ports.map(() => ({ disposition: "inherited" })));
    for (const port of ports) expect(await service.whoami({ host: "127.0.0.1", port })).toBe(2);
    expect(readFileSync(`/proc/${service.pid}/environ`, "utf8")).not.toContain("LISTEN_");
    await deposited(service);
    await service.succeed();
  });
});

// Red when its lines are written to the stream: the keeper then dies of the line that says whom it is about to start.
test("INV-1: a generation is replaced also where nobody reads the log of its keeper any more", async () => {
  const { service } = await kept();
  service.stopReadingLog();
  for (const next of [2, 3]) {
    service.signal("SIGKILL");
    await service.owner(next);
    expect(await service.whoami()).toBe(next);
  }
});

// Red when a generation names itself: its crash would be the service's end to an init system, which then ends the keeper, too.
test("an init system hears that the keeper is the main process, in each generation", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-init-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, "notify");
  const receiver = await NotifyReceiver.start(socket);
  const service = await Service.start(
    {},
    {
      under: [process.execPath, main, "run", "--name", name, "--"],
      env: { NOTIFY_SOCKET: socket, PATH: process.env.PATH ?? "" },
    },
  );
  await deposited(service);
  const MAINPID = String(parentOf(service.pid));
  await receiver.until({ READY: "1", MAINPID, STATUS: "generation 1 serves" });
  await service.succeed();
  await receiver.until({ READY: "1", MAINPID, STATUS: "generation 2 serves" });
});

describe("a restart that is asked for is not lost", () => {
  // Red with a signal that is passed on: it ends a process that has no handler yet, and one that is dead ignores it.
  test("while the first generation boots", async () => {
    const service = await Service.start(
      { before: "waits" },
      { under: [process.execPath, main, "run", "--name", name, "--"], withoutOwner: true },
    );
    const { pid } = await service.until("waiting");
    process.kill(parentOf(pid), "SIGHUP");
    service.configure({});
    await service.owner(2);
    expect(service.log).not.toContain("was ended by");
  });

  test.each<[string, Omit<Fault, "signal">]>([
    ["while the child has not said yet that it is owner", { role: "parent", event: "committedReceived" }],
    ["while the parent leaves", { role: "parent", event: "drained" }],
  ])("%s", async (_, moment) => {
    const { service, keeper } = await kept();
    const { pid } = service;
    service.arm({ ...moment, signal: "SIGSTOP" });
    service.signal("SIGHUP");
    await eventually("it stands still", () => !service.armed);
    process.kill(keeper, "SIGHUP");
    process.kill(pid, "SIGCONT");
    await service.owner(3);
    await service.succeed();
  });

  // Red when an order during a handoff, or during a probation, begins another one at once.
  test("fifty times within a second: two restarts are enough, and no client notices", async () => {
    const { service, keeper } = await kept({ options: { probationMs: 2_000 } });
    const load = startLoad(await service.target());
    for (let count = 0; count < 50; count += 1) {
      process.kill(keeper, "SIGHUP");
      await delay(15);
    }
    await service.owner(3);
    await deposited(service);
    expect(await load.stop()).toSatisfy(unharmed);
    expect(service.lines.filter(({ event }) => event === "owner")).toHaveLength(3);
    await settled(service);
    expect(await service.whoami()).toBe(3);
  });

  // Red when the keeper does not pass on an order that nobody has taken.
  test("by an owner that dies in a restart before it has read the order: its child restarts", async () => {
    const { service, keeper } = await kept();
    const { pid } = service;
    service.arm({ role: "parent", event: "readyReceived", signal: "SIGSTOP" });
    service.signal("SIGHUP");
    await eventually("it stands still", () => !service.armed);
    process.kill(keeper, "SIGHUP");
    process.kill(pid, "SIGKILL");
    await service.owner(3);
    await service.succeed();
  });

  // Red when the order outlives the start that it asked for.
  test("by an owner that dies before it has read the order: the generation that is started then is what was asked for", async () => {
    const { service, keeper } = await kept();
    service.signal("SIGSTOP");
    process.kill(keeper, "SIGHUP");
    service.signal("SIGKILL");
    await service.owner(2);
    await deposited(service);
    await service.succeed();
    expect(await service.whoami()).toBe(3);
  });
});

// Red when the generation takes its own name, or looks for its own folder.
test("a service is called what its keeper calls it, in each generation, whatever it calls itself", async () => {
  const service = await Service.start(
    { options: { control: { name: "itself", folder: "/nowhere" } } },
    { under: [process.execPath, main, "run", "--name", "shop", "--"] },
  );
  await deposited(service);
  expect((await run(service, ["restart", "shop"])).status).toBe(0);
  const { stdout } = await run(service, ["status", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject([
    { service: "shop", processes: [{ generation: 2, status: { service: "shop" } }] },
  ]);
  const { stderr } = await run(service, ["status", "itself"]);
  expect(stderr).toBe("heirloom: no service called itself runs\n  these do: shop\n");
});

// Red without a control socket: no command would find the service, and no keeper that is started again.
test("a kept service has a control socket, also where its program wants none", async () => {
  const { service } = await kept({ options: { control: false } });
  await untilOpen(service, 1);
  expect((await run(service, ["restart"])).status).toBe(0);
  expect((await run(service, ["stop"])).status).toBe(0);
  await service.gone();
});

test("a service of which no generation answers is not called one that does not run", async () => {
  const { service, keeper } = await kept({}, ["--crashes", "1000"]);
  service.configure({ before: "throws" });
  const before = service.pid;
  service.signal("SIGKILL");
  await service.logged(/exited with status 1: starting generation \d+ in \d+ ms/);
  for (const command of ["restart", "status", "stop"]) {
    const { status, stderr } = await run(service, [command]);
    expect(stderr).toMatch(/^heirloom: heirloom run keeps .*, but no generation of it answers: .* SIGTERM/);
    expect(status).toBe(6);
  }
  expect(isAlive(before)).toBe(false);
  process.kill(keeper, "SIGTERM");
  await service.gone();
});

test("heirloom status shows who keeps a service", async () => {
  const { service, keeper } = await kept();
  await untilOpen(service, 1);
  const { stdout } = await run(service, ["status"]);
  expect(stdout).toMatch(new RegExp(`^  kept by heirloom run, pid ${keeper}, for \\d+ s$`, "m"));
});

describe("INV-2, INV-3: whoever dies during a restart, one generation is owner in the end, and nobody is refused", () => {
  test.each<[string, Omit<Fault, "signal">]>([
    ["the parent, its child just started", { role: "parent", event: "childSpawned" }],
    ["the parent, its child booting", { role: "parent", event: "acceptReceived" }],
    ["the parent, its child ready", { role: "parent", event: "readyReceived" }],
    ["the parent, about to commit", { role: "parent", effect: "sendCommit", when: "before" }],
    ["the parent, having sent commit", { role: "parent", effect: "sendCommit", when: "after" }],
    ["the parent, draining", { role: "parent", event: "committedReceived" }],
    ["the child, booting", { role: "child", event: "offerRead" }],
    ["the child, ready", { role: "child", effect: "sendReady", when: "after" }],
    ["the child, having said that it is owner", { role: "child", effect: "sendCommitted", when: "after" }],
  ])("%s", async (_, moment) => {
    const { service } = await kept({ options: { probationMs: 500 } });
    const load = startLoad(await service.target());
    service.arm({ ...moment, signal: "SIGKILL" });
    service.signal("SIGHUP");
    await eventually("the fault strikes", () => !service.armed);
    await settled(service);
    await eventually(
      "somebody answers",
      async () => (await request(await service.target())).outcome === "ok",
    );
    expect(refusals(await load.stop())).toBe(0);
    // Nobody was started beside an heir: a keeper that does so makes two owners.
    expect(service.log).not.toContain("starting generation");
    expect(service.processes).toHaveLength(2);
    await service.succeed();
  });
});

test("INV-1: parent and child die at the same moment, and the keeper starts another one", async () => {
  const { service } = await kept();
  const load = startLoad(await service.target());
  const { pid } = service;
  service.configure({ beforeReady: "neverReady" });
  service.signal("SIGHUP");
  const child = await service.until("listening", { generation: 2 });
  service.configure({});
  const { now } = service;
  process.kill(pid, "SIGKILL");
  process.kill(child.pid, "SIGKILL");
  await service.owner(2, now);
  expect(refusals(await load.stop())).toBe(0);
  await settled(service);
});

// Red when a generation that cannot come back keeps its lifeline.
test("INV-2: an owner that crashes is replaced at once, also while an older generation still drains", async () => {
  const { service } = await kept({ options: { drainDeadlineMs: 60_000 } });
  const slow = await SlowRequest.begin(await service.target());
  const first = service.pid;
  await service.handoff();
  const second = (await service.owner(2)).pid;
  process.kill(second, "SIGUSR2");
  await service.owner(3);
  await service.until("exit", { pid: second });
  await deposited(service);
  service.signal("SIGKILL");
  await service.owner(4);
  expect(isAlive(first)).toBe(true);
  expect(await slow.finish()).toBe(true);
  await settled(service);
});

// Red when only those are waited for that may be owner again.
test("INV-4: the keeper stays until what an earlier generation accepted is finished", async () => {
  const { service, keeper } = await kept({ options: { drainDeadlineMs: 60_000 } });
  const slow = await SlowRequest.begin(await service.target());
  await service.handoff();
  await service.owner(2);
  await deposited(service);
  process.kill(keeper, "SIGTERM");
  await service.logged(/the service is over, once pid .* has finished what was accepted/);
  expect((await request(await service.target())).outcome).toBe("refused");
  expect(isAlive(keeper)).toBe(true);
  expect(await slow.finish()).toBe(true);
  await service.gone();
  expect(await exited(service)).toEqual({ code: 0, signal: null });
});

test("INV-5: a release that crashes again and again is given up in the end, with its exit status", async () => {
  const { service } = await kept({}, ["--crashes", "3"]);
  service.configure({ before: "exit3" });
  service.signal("SIGKILL");
  await service.gone();
  expect(service.log).toContain("it has crashed too often in a row");
  expect(await exited(service)).toEqual({ code: 3, signal: null });
});

test("a release that is repaired meanwhile serves those who waited", async () => {
  const { service } = await kept();
  const target = await service.target();
  service.configure({ before: "exit3" });
  service.signal("SIGKILL");
  await service.logged(/exited with status 3: starting generation/);
  const waiting = request(target);
  service.configure({});
  expect((await waiting).outcome).toBe("ok");
});

test("INV-6: a release that does not come up is rolled back as without a keeper", async () => {
  const { service } = await kept();
  service.configure({ before: "exit3" });
  expect((await run(service, ["restart"])).status).toBe(1);
  expect(await service.whoami()).toBe(1);
  await settled(service);
});

test("a keeper that dies leaves the service to itself, and another one takes it over", async () => {
  const { service, keeper } = await kept();
  const load = startLoad(await service.target());
  process.kill(keeper, "SIGKILL");
  await service.logged(/generation 1 \(pid \d+\) serves on without its keeper/);
  await service.succeed();
  expect(parentOf(service.pid)).not.toBe(keeper);
  const { pid } = service;
  const second = new CommandRun(service, ["run", "--name", name, "--", "node", fixture("service.mjs")], {
    env: { FIXTURE_DIR: service.dir, [runVariable]: service.run },
  });
  await eventually("it takes over", () =>
    second.stderr.includes(`keeps the listeners of generation 2 (pid ${pid})`),
  );
  expect(service.pid).toBe(pid);
  await service.succeed();
  const owner = service.pid;
  await eventually("generation 3 is kept", () => second.stderr.includes(`(pid ${owner})`));
  process.kill(owner, "SIGKILL");
  await eventually("generation 4 serves", () => second.stdout.includes('"event":"owner"'));
  expect(refusals(await load.stop())).toBe(0);
  second.process.kill("SIGTERM");
  expect((await second.outcome).status).toBe(0);
});

// Red when a replacement that waits for its time is started beside an owner that has come meanwhile.
test("INV-3: a keeper that has not seen the service that runs starts nobody beside it once it knows", async () => {
  const { service, keeper } = await kept();
  await untilOpen(service, 1);
  process.kill(keeper, "SIGKILL");
  await service.logged(/generation 1 \(pid \d+\) serves on without its keeper/);
  rmSync(join(service.dir, "heirloom", name, "current"));
  const program = 'console.error("was started"); process.exit(1)';
  service.signal("SIGSTOP");
  const second = new CommandRun(service, ["run", "--name", name, "--", "node", "-e", program], {
    env: { FIXTURE_DIR: service.dir, [runVariable]: service.run },
  });
  // The owner comes while one is still to be started, and not just after.
  await second.says(/starting generation \d+ in 1000 ms/);
  service.signal("SIGCONT");
  await second.says(/keeps the listeners of generation 1/);
  // Longer than what was still to be started would have taken.
  for (const generation of [2, 3]) {
    expect((await run(service, ["restart"])).status).toBe(0);
    expect(await service.whoami()).toBe(generation);
  }
  expect(second.stderr.split("keeps the listeners of generation 1")[1]).not.toContain("was started");
  service.signal("SIGTERM");
  expect((await second.outcome).status).toBe(0);
});

// Red when the lifeline or the keeper's socket reaches a process that is no generation: its end would never be seen.
test("INV-8: nothing that ties a generation to its keeper reaches the processes that the application starts", async () => {
  const { service } = await kept();
  await service.succeed();
  const { host, port } = (await service.target()) as { host: string; port: number };
  const answer = await fetch(`http://${host}:${port}/child`);
  const { stdout } = (await answer.json()) as { stdout: string };
  const [environment = "", descriptors = ""] = stdout.split("---");
  expect(environment).toContain("FIXTURE_DIR=");
  expect(environment).not.toMatch(/HEIRLOOM_(KEEPER|LIFELINE|LETTER_BOX|OFFER)/);
  // Its own standard streams, which are pipes, and nothing else that is a socket.
  expect(descriptors.match(/socket:/g)?.length ?? 0).toBeLessThanOrEqual(3);
});

test("a second keeper of the same service is refused", async () => {
  const { service } = await kept();
  const { status, stderr } = await run(service, ["run", "--name", name, "--", "node", "server.js"]);
  expect(stderr).toContain("a keeper runs already for this service");
  expect(status).toBe(4);
});

test("heirloom stop ends the keeper, too", async () => {
  const { service } = await kept();
  await untilOpen(service, 1);
  expect((await run(service, ["stop"])).status).toBe(0);
  await service.gone();
  expect(await exited(service)).toEqual({ code: 0, signal: null });
});

test.each(["../shop", "", "a/b", ".shop"])("a name that is none is refused: %j", async (name) => {
  const { service } = await kept();
  const { status, stderr } = await run(service, ["run", "--name", name, "--", "node", "server.js"]);
  expect(stderr).toMatch(/^heirloom: --name must be 1 to 64 letters/);
  expect(status).toBe(2);
});

// Red with any timer that comes back: one every second was there.
test("a keeper is not woken while nothing happens", async () => {
  const { service, keeper } = await kept();
  process.kill(keeper, "SIGHUP");
  await service.owner(2);
  await settled(service);
  const switches = () =>
    readdirSync(`/proc/${keeper}/task`).map(
      (task) =>
        /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(
          readFileSync(`/proc/${keeper}/task/${task}/status`, "utf8"),
        )?.[1],
    );
  // V8 tidies up for some seconds first.
  let before: unknown;
  await eventually(
    "three seconds pass without it",
    async () => {
      before = switches();
      await delay(3_000);
      return isDeepStrictEqual(switches(), before);
    },
    40_000,
  );
}, 60_000);

test("a service that ends without having listened is not taken for one that has done its work", async () => {
  const { service } = await kept();
  const { status, stderr } = await run(service, ["run", "--name", "other", "--", "node", "-e", ""]);
  expect(stderr).toMatch(
    /generation 1 \(pid \d+\) ended with status 0 and has never listened: the service is over/,
  );
  expect(status).toBe(0);
});

test("a program that is not there ends it at once, with a reason", async () => {
  const { service } = await kept();
  const missing = await run(service, ["run", "--name", "other", "--", "no-such-program"]);
  expect(missing).toMatchObject({
    status: 2,
    stderr: "heirloom: there is no program no-such-program in the folders of PATH\n",
  });
});

/** Processes of the test's own PID namespace that are dead and not collected, by their parent. */
function zombiesOf(parent: number): number {
  return readdirSync("/proc").filter((entry) => {
    try {
      return new RegExp(`\\) Z ${parent} `).test(readFileSync(`/proc/${entry}/stat`, "latin1"));
    } catch {
      return false;
    }
  }).length;
}

// Red where nobody collects orphans, and with a service as process 1: the kernel ends the next generation with it.
test.runIf(process.getuid?.() === 0)(
  "it is a good process 1: restarts work, orphans are collected, SIGTERM ends everything",
  async () => {
    const { service: host } = await kept();
    const container = spawn(
      "unshare",
      [
        "--pid",
        "--fork",
        "--mount-proc",
        process.execPath,
        main,
        "run",
        "--name",
        "contained",
        "--",
        "node",
        fixture("service.mjs"),
      ],
      {
        env: {
          PATH: process.env.PATH,
          TMPDIR: tmpdir(),
          XDG_RUNTIME_DIR: host.dir,
          FIXTURE_DIR: host.dir,
          [runVariable]: host.run,
        },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    onTestFinished(() => void container.kill("SIGKILL"));
    const lines: Record<string, unknown>[] = [];
    createInterface({ input: container.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
    const status = new Promise((resolve) => container.once("exit", resolve));
    const owners = () => lines.filter(({ event }) => event === "owner").length;
    await eventually("the first generation serves", () => owners() === 1);
    const listening = lines.find(({ event }) => event === "listening") as unknown as {
      listeners: [{ address: { host: string; port: number } }];
    };
    const target = listening.listeners[0].address;
    // The keeper has number 1 in there, and another one out here.
    const [init = ""] = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, "utf8")
      .trim()
      .split(" ");
    for (let generation = 2; generation <= 3; generation += 1) {
      process.kill(Number(init), "SIGHUP");
      await eventually(`generation ${generation} serves`, () => owners() === generation);
      expect((await request(target)).generation).toBe(generation);
    }
    await eventually("what ended is collected", () => zombiesOf(Number(init)) === 0);
    process.kill(Number(init), "SIGTERM");
    expect(await status).toBe(0);
  },
);
