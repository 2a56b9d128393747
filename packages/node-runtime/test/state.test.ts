import { expect, test } from "vitest";
import { startLoad, unharmed } from "./support/load.js";
import { type Config, type FixtureStream, type Line, Service } from "./support/service.js";

const sessions: FixtureStream = { name: "sessions", version: 2, warm: "value", export: "value" };
const carrying = (...carry: FixtureStream[]): Config => ({ carry, hooks: { retire: "say", resume: "say" } });

/** A busy machine takes its time for megabytes. */
const patient = { commitDeadlineMs: 60_000 };

const imports = ({ lines }: Service, generation: number) => {
  const { pid } = lines.find(
    ({ event, ...line }) => event === "listening" && line.generation === generation,
  ) as Line;
  return lines.filter((line) => line.event === "imported" && line.pid === pid);
};

// Red without the wait for warm state in ready(), and without the machine's transferring.
test("INV-6: state arrives warm while the parent serves, final when it is parked, on a chain of generations", async () => {
  const service = await Service.start(carrying(sessions));
  for (const from of [1, 2]) {
    const outcome = await service.succeed();
    const [warm, final, ...more] = imports(service, from + 1);
    expect(more).toEqual([]);
    expect(warm).toMatchObject({
      phase: "warm",
      version: 2,
      value: { from, phase: "warm" },
      before: "nothing",
    });
    expect(final).toMatchObject({
      phase: "final",
      version: 2,
      value: { from, phase: "final" },
      before: "warm",
    });
    expect(outcome.state).toEqual([{ name: "sessions", outcome: "sent", warmBytes: 37, finalBytes: 38 }]);
    const order = service.lines.slice(service.lines.indexOf(warm as Line)).map(({ event }) => event);
    expect(order.filter((event) => ["imported", "retire", "owner"].includes(event)).slice(0, 4)).toEqual([
      "imported",
      "retire",
      "imported",
      "owner",
    ]);
    expect(await service.until("carried", { pid: service.pid })).toMatchObject({ imported: "final" });
  }
});

test("a first generation imports nothing, and one whose parent has no such stream neither", async () => {
  const service = await Service.start({});
  service.configure(carrying(sessions));
  await service.succeed();
  expect(imports(service, 2)).toEqual([]);
  expect(await service.until("carried")).toMatchObject({ imported: "nothing" });
  service.configure(carrying(sessions, { name: "new" }));
  expect((await service.succeed()).state).toEqual([
    { name: "sessions", outcome: "sent", warmBytes: 37, finalBytes: 38 },
    { name: "new", outcome: "absent", warmBytes: 0, finalBytes: 0 },
  ]);
  expect(imports(service, 3).map(({ name, phase }) => `${name} ${phase}`)).toEqual([
    "sessions warm",
    "sessions final",
  ]);
});

test("what the child does not know is not sent, and reported", async () => {
  const service = await Service.start(carrying({ name: "old", warm: "fails", export: "fails" }, sessions));
  service.configure(carrying(sessions));
  const outcome = await service.succeed();
  expect(outcome.state).toMatchObject([
    { name: "old", outcome: "skipped" },
    { name: "sessions", outcome: "sent" },
  ]);
  await service.logged(/state that it does not know: old/);
});

test("a child that does not carry state, or does not have the feature, takes over without it", async () => {
  const service = await Service.start(carrying(sessions));
  service.configure({});
  expect((await service.succeed()).state).toMatchObject([{ name: "sessions", outcome: "skipped" }]);
  service.configure(carrying(sessions));
  await service.succeed();
  service.configure({ ...carrying(sessions), before: "knowsNoFeatures" });
  expect((await service.succeed()).state).toBeUndefined();
  expect(imports(service, 4)).toEqual([]);
});

// Red when the table remembers what the last child wanted.
test("INV-5: a child that wants no state follows one that wanted some, and failed", async () => {
  const service = await Service.start(carrying(sessions));
  service.configure({ ...carrying(sessions), beforeReady: "exit3" });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "CHILD_EXITED" });
  service.configure({});
  await service.succeed();
});

test("an older release is given the format that it knows, where it can still be written", async () => {
  const service = await Service.start(carrying({ ...sessions, version: 5, oldestVersion: 3 }));
  service.configure(carrying({ ...sessions, version: 4 }));
  await service.succeed();
  expect(
    imports(service, 2).map(({ version, value }) => [version, (value as { version: number }).version]),
  ).toEqual([
    [4, 4],
    [4, 4],
  ]);
  service.configure(carrying({ ...sessions, version: 3 }));
  await service.succeed();
  expect(imports(service, 3).map(({ version }) => version)).toEqual([4, 4]);
});

test.each([
  ["warm, before it reads", { import: "refuses" }, /format 2 of the warm state is unknown here/],
  ["final, when it has read", { import: "refusesFinal" }, /the sum is wrong/],
])("INV-6: a child that refuses state leaves, and the parent serves on: %s", async (_, child, reason) => {
  const service = await Service.start(carrying(sessions));
  const { pid, now } = service;
  const load = startLoad(await service.target());
  service.configure(carrying({ ...sessions, ...child }));
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "STATE_REFUSED", origin: "remote" });
  expect(outcome.message).toMatch(reason);
  if (child.import === "refusesFinal") await service.until("resume", { pid }, now);
  expect(await service.whoami()).toBe(1);
  service.configure(carrying(sessions));
  await service.succeed();
  expect(await load.stop()).toSatisfy(unharmed);
});

test.each([
  ["warm", { warm: "fails" }, /the table is locked/],
  ["warm, half-way", { warm: "failsLater" }, /the table is gone/],
  ["final", { export: "fails" }, /the table is locked/],
  ["final, half-way", { export: "failsLater" }, /the table is gone/],
  ["what is no bytes", { export: "text" }, /neither a Uint8Array nor an iterable/],
])("INV-6: a parent that cannot give out its state serves on: %s", async (_, parent, reason) => {
  const service = await Service.start(carrying({ ...sessions, ...parent }));
  const { pid } = service;
  service.configure(carrying({ ...sessions, import: "ignores" }));
  for (const _again of [1, 2]) {
    const { now } = service;
    const outcome = await service.handoff();
    expect(outcome).toMatchObject({ outcome: "rejected", code: "HOOK_FAILED", origin: "local" });
    expect(outcome.message).toMatch(reason);
    if ("export" in parent) await service.until("resume", { pid }, now);
    expect(await service.whoami()).toBe(1);
  }
});

test("a stream of 20 MB arrives whole, while clients are served", async () => {
  const big = { name: "cache", warm: "big", export: "big", import: "big", bytes: 20_000_001 };
  const service = await Service.start({ ...carrying(big), options: patient });
  const load = startLoad(await service.target());
  await service.succeed();
  for (const phase of ["warm", "final"]) {
    const { hash } = await service.until("exported", { phase });
    expect(await service.until("imported", { phase })).toMatchObject({ bytes: 20_000_001, hash });
  }
  expect(await load.stop()).toSatisfy(unharmed);
});

// Red without pause() in the importer (everything is given out), and without the wait for the channel in the exporter.
test("a slow importer slows the exporter down, and neither holds the stream", async () => {
  const big = { name: "cache", warm: "big", export: "big", import: "waits", bytes: 16_000_000 };
  const service = await Service.start({ ...carrying(big), options: patient });
  service.signal("SIGHUP");
  const { pid } = await service.until("importing", { phase: "warm" });
  // What could be given out by now has been: the parent has answered many requests.
  for (let requests = 0; requests < 200; requests += 1) expect(await service.whoami()).toBe(1);
  const given = () => service.lines.filter(({ event }) => event === "giving").at(-1)?.given;
  expect(given()).toBeLessThan(3_000_000);
  service.signal("SIGUSR1", pid);
  await service.until("importing", { phase: "final" });
  service.signal("SIGUSR1", pid);
  await service.owner(2);
  expect(await service.until("imported", { phase: "final" })).toMatchObject({ bytes: 16_000_000 });
});

test("INV-2: a parent that dies while it gives out its final state is taken over from, and the half is told as such", async () => {
  const big = { name: "cache", warm: "value", export: "big", import: "waits", bytes: 16_000_000 };
  const service = await Service.start(carrying(big));
  const { pid } = service;
  service.signal("SIGHUP");
  const child = await service.until("importing", { phase: "warm" });
  service.signal("SIGUSR1", child.pid);
  await service.until("importing", { phase: "final" });
  service.signal("SIGKILL", pid);
  service.signal("SIGUSR1", child.pid);
  await service.owner(2);
  await service.until("importFailed", { phase: "final", code: "PARENT_LOST" });
  expect(await service.until("carried", { pid: child.pid })).toMatchObject({ imported: "warm" });
  expect(await service.whoami()).toBe(2);
});

test("INV-2: a parent that dies while it gives out warm state is taken over from", async () => {
  const big = { name: "cache", warm: "big", export: "value", import: "waits", bytes: 16_000_000 };
  const service = await Service.start(carrying(big));
  const { pid } = service;
  service.signal("SIGHUP");
  const child = await service.until("importing", { phase: "warm" });
  service.signal("SIGKILL", pid);
  service.signal("SIGUSR1", child.pid);
  await service.owner(2);
  expect(await service.until("carried", { pid: child.pid })).toMatchObject({ imported: "nothing" });
});

test.each(["warm", "final"] as const)(
  "INV-6: a child that dies while it imports %s state changes nothing, and the exporter ends",
  async (phase) => {
    const big = {
      name: "cache",
      import: "waits",
      bytes: 16_000_000,
      [phase === "warm" ? "warm" : "export"]: "big",
    };
    const service = await Service.start(carrying(big));
    service.signal("SIGHUP");
    const { pid } = await service.until("importing", { phase });
    service.signal("SIGKILL", pid);
    await service.until("exporterEnded", { phase });
    await service.until("handoff", { outcome: "aborted" });
    expect(await service.whoami()).toBe(1);
  },
);

// Red without the end of the exporter in states that lead nowhere.
test("an importer that hangs is bounded by the parent's deadlines", async () => {
  const big = { name: "cache", export: "big", import: "waits", bytes: 16_000_000 };
  const options = { commitDeadlineMs: 300, exitDeadlineMs: 200 };
  const service = await Service.start({ ...carrying(big), options });
  expect(await service.handoff()).toMatchObject({ outcome: "rejected", code: "DEADLINE_EXPIRED" });
  await service.until("exporterEnded", { phase: "final" });
  expect(await service.whoami()).toBe(1);
});

test("state is carried again after a rollback", async () => {
  const service = await Service.start(carrying(sessions));
  const { pid, now } = service;
  service.arm({ role: "child", effect: "sendCommitted", when: "after", signal: "SIGKILL" });
  service.signal("SIGHUP");
  await service.until("handoff", { pid, outcome: "rolledBack" }, now);
  expect(await service.whoami()).toBe(1);
  await service.succeed();
  expect(imports(service, 2).filter(({ pid }) => pid === service.pid)).toHaveLength(0);
  expect(await service.until("carried", { pid: service.pid })).toMatchObject({ imported: "final" });
});
