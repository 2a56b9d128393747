import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { now } from "../src/clock.js";
import {
  type Answer,
  ask,
  ControlClient,
  controlFolder,
  current,
  socketsOf,
  untilOpen,
} from "./support/control-client.js";
import { eventually } from "./support/eventually.js";
import { startLoad, unharmed } from "./support/load.js";
import { settledDescriptors } from "./support/processes.js";
import { Service } from "./support/service.js";
import { SlowRequest } from "./support/slow-request.js";

const asRoot = process.getuid?.() === 0;

async function started(config = {}): Promise<Service> {
  const service = await Service.start(config);
  await untilOpen(service, 1);
  return service;
}

const stepsOf = (answers: readonly Answer[]) =>
  answers.filter(({ type }) => type === "step").map(({ step }) => step);

test("status tells who the owner is, and what it serves", async () => {
  const service = await started();
  const [status] = await ask(current(service), { command: "status" });
  expect(status).toMatchObject({
    type: "status",
    version: 1,
    service: "heirloom-node-runtime",
    generation: 1,
    pid: service.pid,
    isOwner: true,
    activity: "serving",
    states: { child: "owner", parent: "serving" },
    release: { cwd: service.dir, node: process.version },
    listeners: [{ name: "default", disposition: "created" }],
    connections: { open: 0 },
  });
  expect(status?.memory).toMatchObject({ rssBytes: expect.any(Number), heapUsedBytes: expect.any(Number) });
});

test("only the service's own user can enter the folder and connect to the socket", async () => {
  const service = await started();
  const folder = controlFolder(service);
  const modes = [join(folder, ".."), folder, join(folder, readlinkSync(current(service)))].map(
    (path) => lstatSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o600]);
});

test.runIf(asRoot)("another user cannot connect", async () => {
  const service = await started();
  // What lies above the folder is open here, so that it is the folder that refuses.
  chmodSync(service.dir, 0o755);
  const script = `require("node:net").connect(${JSON.stringify(current(service))}).on("error", (e) => { console.log(e.code); })`;
  const said = execFileSync("setpriv", ["--reuid=65534", "--clear-groups", process.execPath, "-e", script], {
    encoding: "utf8",
  });
  expect(said.trim()).toBe("EACCES");
});

// Red when the socket is opened once and not by each generation.
test("the name leads to the owner after each restart, and a process that drains answers, too", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const first = await untilOpen(service, 1);
  expect((await service.handoff()).outcome).toBe("committed");
  await untilOpen(service, 2);
  await eventually("current leads to generation 2", () => readlinkSync(current(service)).startsWith("2-"));
  expect((await ask(current(service), { command: "status" }))[0]).toMatchObject({
    generation: 2,
    isOwner: true,
  });
  expect((await ask(first, { command: "status" }))[0]).toMatchObject({
    generation: 1,
    isOwner: false,
    activity: "draining",
    connections: { open: 1 },
    handoff: { child: { generation: 2, pid: service.pid } },
  });
  expect((await ask(first, { command: "restart" }))[0]).toMatchObject({
    type: "error",
    code: "NOT_OWNER",
    owner: { generation: 2, pid: service.pid },
  });
  expect(await slow.finish()).toBe(true);
  await eventually("generation 1 takes its socket along", () => socketsOf(service).length === 2);
});

test("restart tells each step, and then what came of it", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const { pid } = service;
  const client = new ControlClient(current(service), { command: "restart" });
  await client.until("draining", ({ connections }) => (connections as { open: number }).open === 1);
  expect(await slow.finish()).toBe(true);
  const answers = await client.ended;
  expect(stepsOf(answers)).toEqual(["started", "spawned", "accepted", "ready", "commit", "committed"]);
  expect(answers.find(({ step }) => step === "spawned")).toMatchObject({
    parent: { generation: 1, pid },
    child: { generation: 2, pid: service.pid },
  });
  expect(answers.at(-1)).toMatchObject({
    type: "outcome",
    outcome: "committed",
    child: { generation: 2, pid: service.pid },
    drain: { closed: 0, cut: 0 },
  });
  // Whether it moves before its client closes it is a matter of luck.
  const drain = answers.at(-1)?.drain as { moved: number; finished: number } | undefined;
  expect((drain?.moved ?? 0) + (drain?.finished ?? 0)).toBe(1);
});

// Red when what a child says before it is ready reaches nobody.
test("restart and status tell what the child is busy with, until it is ready", async () => {
  const service = await started();
  const { pid } = service;
  service.configure({ beforeReady: "tellsProgress" });
  const client = new ControlClient(current(service), { command: "restart" });
  await client.until("progress", ({ permille }) => permille === 500);
  const child = service.processes.find((pid) => pid !== service.pid);
  const told = { step: "loading", child: { generation: 2, pid: child } };
  expect(client.answers.filter(({ type }) => type === "progress")).toEqual([
    { type: "progress", ...told },
    { type: "progress", ...told, permille: 500 },
  ]);
  const [status] = await ask(current(service), { command: "status" });
  expect(status?.handoff).toMatchObject({ progress: { step: "loading", permille: 500 } });
  service.configure({});
  await client.until("step", ({ step }) => step === "committed");
  const [after] = await ask(join(controlFolder(service), `1-${pid}.sock`), { command: "status" });
  expect(after?.handoff).not.toHaveProperty("progress");
  expect((await client.ended).at(-1)).toMatchObject({ outcome: "committed" });
});

describe("INV-6: restart tells why a release did not take over, and the earlier one serves", () => {
  test.each([
    ["crashes at boot", { before: "exit3" }, "aborted", { code: "CHILD_EXITED" }],
    ["is never ready", { beforeReady: "neverReady" }, "aborted", { code: "DEADLINE_EXPIRED" }],
  ])("it %s", async (_, release, outcome, error) => {
    const service = await started({ options: { readyDeadlineMs: 2_000, exitDeadlineMs: 500 } });
    service.configure(release);
    const answers = await ask(current(service), { command: "restart" });
    expect(answers.at(-1)).toMatchObject({ type: "outcome", outcome, error });
    expect((await ask(current(service), { command: "status" }))[0]).toMatchObject({
      generation: 1,
      activity: "serving",
      lastFailure: { outcome, error },
    });
    expect(await service.whoami()).toBe(1);
  });

  // Red when the name is not taken back after a rollback.
  test("it dies right after commit", async () => {
    const service = await started({ options: { probationMs: 10_000 } });
    const client = new ControlClient(current(service), { command: "restart" });
    await untilOpen(service, 2);
    await eventually("it takes the name", () => readlinkSync(current(service)).startsWith("2-"));
    service.signal("SIGKILL", (await service.owner(2)).pid);
    const answers = await client.ended;
    expect(answers.at(-1)).toMatchObject({ outcome: "rolledBack", error: { code: "CHILD_LOST" } });
    expect(await service.whoami()).toBe(1);
    expect((await ask(current(service), { command: "status" }))[0]).toMatchObject({
      generation: 1,
      isOwner: true,
    });
  });
});

// Red when a request during a handoff is answered with that handoff's outcome, or one during a probation starts at once.
test("fifty restarts asked for within a second are two at most, and each caller is told the truth", async () => {
  const service = await started({ options: { probationMs: 3_000 } });
  const load = startLoad(await service.target());
  const askUntilOver = async () => {
    let request = { command: "restart", atLeast: undefined as number | undefined };
    for (;;) {
      const owner = readlinkSync(current(service));
      const answers = await ask(join(controlFolder(service), owner), request).catch(() => []);
      const last = answers.at(-1);
      if (last?.type === "passedOn") request = { ...request, atLeast: last.atLeast as number };
      else if (last?.type === "outcome") return last;
      else if (last !== undefined && last.code !== "NOT_OWNER") throw new Error(JSON.stringify(last));
      await eventually("another owner", () => readlinkSync(current(service)) !== owner);
    }
  };
  const asked = Array.from({ length: 50 }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, index * 15));
    // The generation that the caller saw: what it is given has to be younger.
    const before = Number.parseInt(readlinkSync(current(service)), 10);
    return { before, outcome: await askUntilOver() };
  });
  for (const { before, outcome } of await Promise.all(asked)) {
    expect(["committed", "alreadyCommitted"]).toContain(outcome.outcome);
    const { generation } = (outcome.child ?? outcome) as { generation: number };
    expect(generation).toBeGreaterThan(before);
  }
  await eventually("the restarts are over", () => service.processes.length === 1);
  const owners = service.lines.filter(({ event }) => event === "owner").length;
  expect(owners - 1).toBeLessThanOrEqual(2);
  expect(await load.stop()).toSatisfy(unharmed);
});

describe("a restart is served by a release that was started after it was asked for", () => {
  test("by the one that is under way, and by the one that is owner already", async () => {
    const service = await started({ options: { probationMs: 1_000 } });
    const request = { command: "restart", askedAt: now() };
    service.configure({ beforeReady: "waits", options: { probationMs: 1_000 } });
    const first = new ControlClient(current(service), { command: "restart" });
    await first.until("step", ({ step }) => step === "accepted");
    const second = new ControlClient(current(service), request);
    await second.until("step", ({ step }) => step === "accepted");
    await service.until("waiting");
    service.configure({ options: { probationMs: 1_000 } });
    await untilOpen(service, 2);
    const third = ask(join(controlFolder(service), socketsOf(service)[1] as string), request);
    for (const answers of [await first.ended, await second.ended])
      expect(answers.at(-1)).toMatchObject({ outcome: "committed", child: { generation: 2 } });
    expect(await third).toMatchObject([
      { type: "queued", behind: "probation" },
      { outcome: "alreadyCommitted", generation: 2 },
    ]);
    expect(await service.whoami()).toBe(2);
  });

  test("which is not told before that release is past its probation", async () => {
    const service = await started({ options: { probationMs: 60_000 } });
    const request = { command: "restart", askedAt: now() };
    service.signal("SIGHUP");
    const owner = new ControlClient(await untilOpen(service, 2), request);
    await owner.until("queued");
    service.signal("SIGKILL");
    const answers = await owner.ended.catch(() => owner.answers);
    expect(answers.map(({ type }) => type)).toEqual(["queued"]);
    expect(await service.whoami()).toBe(1);
  });
});

// Red when a caller that has gone is kept until it is late: commands that look who is there would shut out those that ask.
test("whoever only looks whether somebody listens takes no place", async () => {
  const service = await started();
  for (let count = 0; count < 200; count += 1) {
    const probe = connect(current(service));
    await once(probe, "connect");
    probe.destroy();
  }
  expect((await ask(current(service), { command: "status" }))[0]).toMatchObject({ type: "status" });
});

// Red when nobody reads on what a caller says that was refused, when one is waited for that does not leave, and when one that
// watches is not seen to leave before something changes.
test("whoever is refused for want of room takes none, be it that it stays", async () => {
  const service = await started();
  const path = current(service);
  const before = await settledDescriptors(service.pid);
  const watching = Array.from({ length: 128 }, () => new ControlClient(path, { command: "watch" }));
  await Promise.all(watching.map((client) => client.until("status")));
  const refused = Array.from({ length: 128 }, () => ask(path, { command: "status" }));
  for (const answers of await Promise.all(refused))
    expect(answers).toMatchObject([{ type: "error", code: "CONNECTIONS_EXCEEDED" }]);
  const staying = Array.from({ length: 128 }, () => connect({ path, allowHalfOpen: true }));
  for (const socket of staying) socket.write('{"command":"status"}\n');
  await Promise.all(staying.map((socket) => once(socket.resume(), "end")));
  for (const { socket } of watching) socket.destroy();
  await eventually(
    "there is room",
    async () => (await ask(path, { command: "status" }))[0]?.type === "status",
  );
  expect(await settledDescriptors(service.pid)).toEqual(before);
  for (const socket of staying) socket.destroy();
});

// Red when what comes after the answer is still taken for the request.
test("a request that came too late is not carried out", async () => {
  const service = await started();
  const caller = connect({ path: current(service), allowHalfOpen: true });
  caller.write('{"command":"stop"}');
  const answer = JSON.parse(String((await once(caller, "data"))[0]));
  expect(answer).toMatchObject({ type: "error", code: "REQUEST_LATE" });
  caller.end("\n");
  await once(caller, "close");
  expect(await service.whoami()).toBe(1);
  expect(service.lines.some(({ event, to }) => event === "step" && to === "stopping")).toBe(false);
});

test("restart without a queue is refused while one is under way", async () => {
  const service = await started();
  service.configure({ beforeReady: "neverReady" });
  const first = new ControlClient(current(service), { command: "restart" });
  await first.until("step", ({ step }) => step === "accepted");
  const [answer] = await ask(current(service), { command: "restart", queue: false });
  expect(answer).toMatchObject({ type: "error", code: "BUSY" });
  expect(await ask(current(service), { command: "restart", atLeast: 1 })).toMatchObject([
    { outcome: "alreadyCommitted", generation: 1 },
  ]);
  first.socket.destroy();
});

test("watch tells of each change, until the process leaves", async () => {
  const service = await started();
  const client = new ControlClient(current(service), { command: "watch" });
  await client.until("status");
  await service.succeed();
  const answers = await client.ended;
  // States that are left in the turn in which they are entered are not seen: a child may say two things at once.
  const told = new Set(answers.map(({ activity }) => activity));
  expect([...told].slice(0, 3)).toEqual(["serving", "handing over", "draining"]);
});

test("stop ends the service, and tells when everything accepted is finished", async () => {
  const service = await started();
  const slow = await SlowRequest.begin(await service.target());
  const client = new ControlClient(current(service), { command: "stop" });
  await client.until("draining", ({ connections }) => (connections as { open: number }).open === 1);
  // The name is free for another start.
  await eventually("current is gone", () => !socketsOf(service).includes("current"));
  expect(await slow.finish()).toBe(true);
  const told = (await client.ended).at(-1);
  expect(told).toMatchObject({ outcome: "stopped", drain: { cut: 0 } });
  // Whoever is first closes the connection then: its client, or the service.
  const { drain } = told as unknown as { drain: { finished: number; closed: number } };
  expect(drain.finished + drain.closed).toBe(1);
  await service.gone();
  expect(socketsOf(service)).toEqual([]);
});

describe("bad input is answered with an error, and hurts nobody", () => {
  test.each([
    ["no JSON", "hello\n", "REQUEST_INVALID"],
    ["an array", "[]\n", "REQUEST_INVALID"],
    ["an unknown command", '{"command":"reboot"}\n', "COMMAND_UNKNOWN"],
    ["no command", "{}\n", "REQUEST_INVALID"],
    ["a later version", '{"version":9,"command":"status"}\n', "VERSION_UNSUPPORTED"],
    ["a wrong field", '{"command":"restart","atLeast":"two"}\n', "REQUEST_INVALID"],
    ["a line that is too long", `{"command":"${"x".repeat(5_000)}`, "REQUEST_TOO_LONG"],
    ["bytes that are no text", "\u0000\uffff\n", "REQUEST_INVALID"],
  ])("%s", async (_, request, code) => {
    const service = await started();
    expect(await ask(current(service), request)).toMatchObject([{ type: "error", code }]);
    expect(await service.whoami()).toBe(1);
  });

  test("a request without a newline is taken when its sender has ended", async () => {
    const service = await started();
    const client = new ControlClient(current(service), '{"command":"status"}');
    client.socket.end();
    expect(await client.ended).toMatchObject([{ type: "status" }]);
  });
});

describe("a control socket that cannot be made is told once, and the service serves and restarts", () => {
  const withFolder = (prepare: (folder: string) => void) => async () => {
    const service = await Service.start({}, { prepare: (dir) => prepare(join(dir, "heirloom")) });
    return service;
  };

  test.each([
    [
      "a folder that others may enter",
      (folder: string) => mkdirSync(folder, { mode: 0o755 }),
      /others may enter the folder .* \(mode 755\): chmod 700 it/,
    ],
    [
      "a file in its place",
      (folder: string) => execFileSync("touch", [folder]),
      /is not a folder: remove it/,
    ],
    ...(asRoot
      ? [
          [
            "a folder of another user",
            (folder: string) => {
              mkdirSync(folder, { mode: 0o700 });
              chownSync(folder, 65_534, 65_534);
            },
            /belongs to user 65534, and this process to user 0/,
          ] as const,
        ]
      : []),
  ] as const)("%s", async (_, prepare, message) => {
    const service = await withFolder(prepare)();
    await service.logged(message);
    await service.succeed();
    expect(await service.whoami()).toBe(2);
  });

  test("another service of the same name", async () => {
    const service = await started();
    const other = await Service.start({}, { env: { XDG_RUNTIME_DIR: service.dir } });
    await other.logged(/another service called heirloom-node-runtime runs/);
    expect((await ask(current(service), { command: "status" }))[0]).toMatchObject({ pid: service.pid });
    await other.succeed();
  });

  test("control: false makes none", async () => {
    const service = await Service.start({ options: { control: false } });
    await service.succeed();
    expect(readdirSync(service.dir)).toEqual(["config.json"]);
  });
});

test("what a process left behind that was killed is replaced by the next start", async () => {
  const service = await started();
  const { pid } = service;
  service.signal("SIGKILL");
  await service.gone();
  expect(socketsOf(service)).toHaveLength(2);
  // As a process leaves them that is killed between the making of one and its renaming.
  const unfinished = [`.current-${pid}`, `.1-${pid}.sock`, `.keeper-${pid}.sock`];
  for (const name of unfinished) symlinkSync("nothing", join(current(service), "..", name));
  const next = await Service.start({}, { env: { XDG_RUNTIME_DIR: service.dir } });
  await eventually("it takes the name", () => readlinkSync(current(service)) === `1-${next.pid}.sock`);
  await eventually("the rest is cleared", () => socketsOf(service).length === 2);
  expect(statSync(current(service)).isSocket()).toBe(true);
});

// Red when only a start clears away what the killed have left.
test("INV-5: a service that ends leaves nothing behind, be it of a generation that was killed", async () => {
  const service = await started();
  const { pid } = service;
  const slow = await SlowRequest.begin(await service.target());
  await service.handoff();
  await eventually("the child has its socket, too", () => socketsOf(service).length === 3);
  service.signal("SIGKILL", pid);
  expect(await slow.finish()).toBe(false);
  expect(socketsOf(service)).toContain(`1-${pid}.sock`);
  service.signal("SIGTERM");
  await service.gone();
  expect(socketsOf(service)).toEqual([]);
});

test("INV-5: a caller that stays does not keep a process that has finished", async () => {
  const service = await started();
  const { pid } = service;
  const client = new ControlClient(current(service), { command: "watch" });
  const silent = new ControlClient(current(service), "");
  await client.until("status");
  service.signal("SIGTERM");
  await service.until("exit", { pid, status: 0 });
  await Promise.all([client.ended, silent.ended]);
});
