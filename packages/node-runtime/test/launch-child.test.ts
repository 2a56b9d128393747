import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KeptAlive, type Target } from "./support/client.js";
import { descriptorsOf } from "./support/processes.js";
import { fixture, Service } from "./support/service.js";

async function ask<T>(target: Target, path: string): Promise<T> {
  const client = await KeptAlive.open(target);
  client.socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
  await client.untilEnded();
  const text = client.received.toString();
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as T;
}

interface Self {
  readonly argv: string[];
  readonly execArgv: string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
}

test("argv, execArgv and environment are kept through the generations", async () => {
  const service = await Service.start(
    {},
    {
      argv: ["--verbose", "two words"],
      execArgv: ["--max-http-header-size=9000"],
      env: { GREETING: "hello" },
    },
  );
  const target = await service.target();
  const first = await ask<Self>(target, "/self");
  await service.succeed();
  await service.succeed();
  const third = await ask<Self>(target, "/self");
  expect(third).toEqual(first);
  expect(third.argv.slice(2)).toEqual(["--verbose", "two words"]);
  expect(third.execArgv).toContain("--max-http-header-size=9000");
  expect(third.env.GREETING).toBe("hello");
});

test("options.spawn overrides how the next generation is started", async () => {
  const service = await Service.start();
  const { dir } = service;
  const other = await Service.start({
    options: { spawn: { argv: [fixture("service.mjs"), "--other"], cwd: dir } },
  });
  await other.succeed();
  const self = await ask<Self>(await other.target(), "/self");
  expect(self.argv.slice(2)).toEqual(["--other"]);
  expect(self.cwd).toBe(dir);
});

test.each([
  ["that replaces itself with the program", 'exec "$0" "$@"', "committed"],
  ["that stays in between", '"$0" "$@"; exit $?', "rejected"],
])("INV-3: a child may be started by a shell script %s: %s", async (_, script, outcome) => {
  const argv = ["-c", script, process.execPath, fixture("service.mjs")];
  const service = await Service.start({ options: { spawn: { execPath: "/bin/sh", execArgv: [], argv } } });
  expect(await service.handoff()).toMatchObject({ outcome });
  if (outcome === "committed") return;
  await service.logged(/parent \(pid \d+\) started this process through another one \(pid \d+\)/);
  expect(await service.whoami()).toBe(1);
});

// Red when takeOffer leaves the variable in place, or a descriptor is inherited without FD_CLOEXEC.
test("INV-8: processes that a generation starts get neither its offer nor its descriptors", async () => {
  const service = await Service.start({
    listeners: [
      { name: "default", server: "http", host: "127.0.0.1", port: 0 },
      { name: "local", server: "http", path: "app.sock" },
    ],
  });
  const target = await service.target();
  await service.succeed();
  const slow = await KeptAlive.open(target);
  expect((await slow.whoami()).generation).toBe(2);
  // A parent in a handoff has a channel, too.
  service.configure({ beforeReady: "neverReady", options: { readyDeadlineMs: 20_000 } });
  service.signal("SIGHUP");
  await service.until("step", { role: "parent", generation: 2, to: "preparing" });
  const own = new Set([...descriptorsOf(service.pid).values()].filter((link) => link.startsWith("socket:")));
  const { stdout } = await ask<{ stdout: string }>(target, "/child");
  const [environment = "", descriptors = ""] = stdout.split("---\n");
  expect(environment).toMatch(/^FIXTURE_DIR=/m);
  expect(environment).not.toMatch(/HEIRLOOM_OFFER/);
  expect(own.size).toBeGreaterThan(3);
  // Standard input is a socket pair of its own.
  expect(descriptors.split("\n").filter((link) => own.has(link))).toEqual([]);
  slow.close();
});

describe("a release that is switched by a symbolic link is picked up by the next generation", () => {
  const bare = `
    import { createServer } from "node:http";
    import { serve } from ${JSON.stringify(import.meta.resolve("@heirloom/node-runtime"))};
    const say = (event, more) => process.stdout.write(JSON.stringify({ event, pid: process.pid, ...more }) + "\\n");
    let generation;
    const server = createServer((request, response) =>
      response.end(JSON.stringify({ release: RELEASE, cwd: process.cwd(), argv: process.argv })));
    process.on("exit", (status) => say("exit", { status }));
    process.on("SIGUSR2", () => generation.handoff().then(
      ({ outcome, child }) => say("outcome", { outcome, child }),
      (error) => say("outcome", { outcome: "rejected", message: error.message })));
    generation = await serve(server, { host: "127.0.0.1", port: 0 });
    say("listening", { generation: generation.number, listeners: [{ name: "default", address: {
      kind: "tcp", host: "127.0.0.1", port: server.address().port } }] });
    say("owner", { generation: generation.number });
  `;

  test.each([
    [
      "a script given relative to the shell's PWD",
      (current: string) => ({ script: "app.mjs", cwd: current }),
    ],
    [
      "a script given relative, in a folder of it",
      (current: string) => ({ script: "current/app.mjs", cwd: join(current, "..") }),
    ],
    ["a script given absolute", (current: string) => ({ script: join(current, "app.mjs"), cwd: "/" })],
  ])("%s", async (_, how) => {
    const home = await Service.start();
    const current = join(home.dir, "current");
    for (const release of [1, 2]) {
      mkdirSync(join(home.dir, `release-${release}`));
      writeFileSync(
        join(home.dir, `release-${release}`, "app.mjs"),
        bare.replace("RELEASE", String(release)),
      );
    }
    symlinkSync("release-1", current);
    const service = await Service.start({}, how(current));
    const target = await service.target();
    expect(await ask(target, "/")).toMatchObject({ release: 1 });
    symlinkSync("release-2", `${current}.next`);
    renameSync(`${current}.next`, current);
    await service.succeed();
    expect(await ask(target, "/")).toMatchObject({ release: 2 });
  });
});

test("INV-8: an offer that stands in the environment by mistake is refused with the remedy", async () => {
  const service = await Service.start({}, { env: { HEIRLOOM_OFFER: "AAAA" }, withoutOwner: true });
  expect(await service.until("failed")).toMatchObject({ code: "OFFER_INVALID" });
});
