import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { startLoad, unharmed } from "./support/load.js";
import { descriptorsOf, settledDescriptors } from "./support/processes.js";
import { type Config, oneHttp, Service } from "./support/service.js";

interface Outcome {
  readonly code: string;
  readonly message: RegExp;
}

/** A release that cannot take over, deployed on a serving parent: what it says, and that nothing of it stays. */
async function refuses(bad: Config, { code, message }: Outcome) {
  const service = await Service.start({ options: { ...bad.options } });
  const load = startLoad(await service.target());
  const { pid } = service;
  service.configure(bad);
  const first = await service.handoff();
  // The same reason stands in the event and in the log.
  expect(await service.until("handoff", { pid })).toMatchObject({ outcome: "aborted", code });
  await service.logged(
    /generation 1 \(pid \d+\) serves on: its handoff to generation 2( \(pid \d+\))? was aborted after [\d.]+ ms: /,
  );
  expect(await service.whoami()).toBe(1);
  expect(await load.stop()).toSatisfy(unharmed);
  const before = await settledDescriptors(pid);
  const again = await service.handoff();
  for (const outcome of [first, again]) {
    expect(outcome.outcome).toBe("rejected");
    expect(outcome.message).toMatch(message);
    expect(outcome.code).toBe(code);
  }
  expect(service.processes).toEqual([pid]);
  expect(await settledDescriptors(pid)).toEqual(before);
  service.configure({});
  await service.succeed();
  expect(await service.whoami()).toBe(2);
}

describe("INV-5, INV-6: the parent serves on, leaks nothing and hands over to the next release, when a child", () => {
  test.each([
    [
      "exits with status 0",
      "exit0",
      "CHILD_EXITED",
      /^generation 2 exited with status 0 before it was owner/,
    ],
    [
      "exits with status 3",
      "exit3",
      "CHILD_EXITED",
      /^generation 2 exited with status 3 before it was owner/,
    ],
    ["throws", "throws", "CHILD_EXITED", /^generation 2 exited with status 1 before it was owner/],
    ["throws later", "throwsLater", "CHILD_EXITED", /^generation 2 exited with status 1 before it was owner/],
    ["forgets to catch a rejection", "rejects", "CHILD_EXITED", /^generation 2 exited with status 1/],
    [
      "does not await anything that happens",
      "runsDry",
      "CHILD_EXITED",
      /^generation 2 exited with status \d+/,
    ],
    ["sends garbage", "garbage", "FRAME_TOO_LARGE", /./],
    ["dies within a frame", "halfFrame", "CHILD_EXITED", /^generation 2 exited with status 0/],
    ["announces a frame of 2 GiB", "oversizedFrame", "FRAME_TOO_LARGE", /./],
    ["announces an empty frame", "emptyFrame", "FRAME_EMPTY", /./],
    ["closes the channel", "closesChannel", "CHILD_EXITED", /^generation 2 was ended by SIGKILL/],
    ["cannot read its offer", "offerIsGarbage", "CHILD_EXITED", /^generation 2 exited with status 1/],
    [
      "speaks other versions",
      "fromTheFuture",
      "VERSION_UNSUPPORTED",
      /^the child says: the child speaks protocol version 1, its parent 7-9: deploy a release/,
    ],
  ])("%s before it joins", async (_, before, code, message) => {
    await refuses({ before, options: { exitDeadlineMs: 200 } }, { code, message });
  });

  // Some Node lines notice themselves that a descriptor of theirs was closed behind their back, and abort.
  test.each([
    ["exits", "exit0", "CHILD_EXITED", /^generation 2 exited with status 0 before it was owner/],
    ["throws", "throws", "CHILD_EXITED", /^generation 2 exited with status 1 before it was owner/],
    ["sends garbage", "garbage", "FRAME_TOO_LARGE", /./],
    ["closes the channel", "closesChannel", "CHILD_EXITED", /^generation 2 was ended by SIG(KILL|ABRT)/],
  ])("%s between listen and ready", async (_, beforeReady, code, message) => {
    await refuses({ beforeReady, options: { exitDeadlineMs: 200 } }, { code, message });
  });

  test.each([
    ["is never ready, and hears that it is over", "beforeReady", "neverReady"],
    ["never joins, and hears nothing", "before", "neverReady"],
    ["is in an endless loop", "beforeReady", "busy"],
  ] as const)("%s", async (_, when, what) => {
    await refuses(
      { [when]: what, options: { readyDeadlineMs: 3_000, exitDeadlineMs: 200 } },
      {
        code: "DEADLINE_EXPIRED",
        message: /^the ready deadline of 3000 ms passed while (offering|preparing)/,
      },
    );
  });

  // Red when every exit before commit is told as one before ready.
  test("dies when it has said ready", async () => {
    const service = await Service.start({
      hooks: { retire: "hangOnce" },
      options: { parkDeadlineMs: 10_000 },
    });
    service.arm({ role: "child", effect: "sendReady", when: "after", signal: "SIGKILL" });
    expect(await service.handoff()).toMatchObject({
      code: "CHILD_EXITED",
      message: "generation 2 was ended by SIGKILL before it was owner: see what it wrote last",
    });
    service.signal("SIGUSR1");
    expect(await service.whoami()).toBe(1);
  });

  test("has no executable", async () => {
    const execPath = "/nonexistent/node";
    await refusesToStart(
      { execPath },
      /^the child could not be started \(ENOENT\): check that \/nonexistent\/node/,
    );
  });

  test("has no folder to start in", async () => {
    await refusesToStart({ cwd: "/nonexistent" }, /^the child could not be started \(ENOENT\)/);
  });

  async function refusesToStart(spawn: object, message: RegExp) {
    const service = await Service.start({ options: { spawn } });
    const { pid } = service;
    const outcome = await service.handoff();
    expect(outcome).toMatchObject({ outcome: "rejected", code: "SPAWN_FAILED" });
    expect(outcome.message).toMatch(message);
    const before = await settledDescriptors(pid);
    expect(await service.handoff()).toMatchObject({ code: "SPAWN_FAILED" });
    expect(await service.whoami()).toBe(1);
    expect(service.processes).toEqual([pid]);
    expect(await settledDescriptors(pid)).toEqual(before);
  }

  test("is a script with a syntax error", async () => {
    const service = await Service.start();
    const script = join(service.dir, "broken.mjs");
    writeFileSync(script, "this is not a program");
    const other = await Service.start({ options: { spawn: { argv: [script] } } });
    expect(await other.handoff()).toMatchObject({
      code: "CHILD_EXITED",
      message: "generation 2 exited with status 1 before it was owner: see what it wrote last",
    });
    await other.logged(/SyntaxError/);
    expect(await other.whoami()).toBe(1);
  });

  test("asks for an address that is taken", async () => {
    const taken = await Service.start();
    const { port } = (await taken.target()) as { port: number };
    await refuses(
      { listeners: [...oneHttp, { name: "new", server: "http", host: "127.0.0.1", port }] },
      {
        code: "CHILD_FAILED",
        message: new RegExp(
          `^the child says: listener new cannot be bound to 127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\): another socket has this address`,
        ),
      },
    );
  });

  test("calls two listeners by one name", async () => {
    await refuses(
      { listeners: [...oneHttp, ...oneHttp] },
      { code: "CHILD_FAILED", message: /^the child says: two listeners are called "default"/ },
    );
  });

  test("has no descriptors left", async () => {
    const service = await Service.start({}, { under: fewDescriptors });
    service.configure({ before: "outOfDescriptors" });
    const outcome = await service.handoff();
    expect(outcome).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED" });
    expect(outcome.message).toMatch(/cannot be checked: EMFILE.*is \/proc mounted, and a descriptor free\?/);
    expect(await service.whoami()).toBe(1);
    service.configure({});
    await service.succeed();
    expect(await service.whoami()).toBe(2);
  });
});

const fewDescriptors = ["/bin/sh", "-c", 'ulimit -n 60; exec "$@"', "sh"];

test("INV-6: a parent that has no descriptors left serves on, and hands over when it has some again", async () => {
  const service = await Service.start(
    // Enough for custody, the compiled code and a client, and not enough for a channel.
    { beforeReady: "outOfDescriptors", spareDescriptors: 3, options: { control: false } },
    { under: fewDescriptors },
  );
  service.configure({});
  const { pid } = service;
  // It is ready for its next handoff: getting so opens files for a moment, which a client may not find then.
  await eventually("its compiled code is kept", () =>
    [...descriptorsOf(pid).values()].some((target) => target.includes("heirloom-compiled")),
  );
  await service.handoff();
  const before = await settledDescriptors(pid);
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "SPAWN_FAILED" });
  expect(outcome.message).toMatch(
    /^the child could not be started \(EMFILE\): this process has no free descriptors: raise its limit/,
  );
  expect(await service.whoami()).toBe(1);
  expect(await settledDescriptors(pid)).toEqual(before);
  service.signal("SIGUSR1");
  await service.until("descriptorsFree");
  await service.succeed();
  expect(await service.whoami()).toBe(2);
});
