import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { untilOpen } from "../../node-runtime/test/support/control-client.js";
import { Service } from "../../node-runtime/test/support/service.js";
import { main, run } from "./support/command.js";
import { Impostor, says, wellStatus } from "./support/impostor.js";

const isRoot = process.getuid?.() === 0;
const nobody = 65534;
const name = "heirloom-node-runtime";
/** Looks where every user's services are, as without the option. */
const everywhere = { env: { HEIRLOOM_CONTROL_FOLDER: undefined } };

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "heirloom-discover-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function started(): Promise<Service> {
  const service = await Service.start();
  await untilOpen(service, 1);
  return service;
}

// Red when whatever is found in the folder counts as a service.
test("a folder with a name that no service has is nobody's service", async () => {
  const dir = folder();
  const answer = says(wellStatus);
  await Impostor.start(join(dir, "heirloom", "$(touch ran)"), answer);
  await Impostor.start(join(dir, "heirloom", "\u001b[31mred"), answer);
  await Impostor.start(join(dir, "heirloom", "api"), answer);
  expect((await run({ dir }, ["services"])).stdout).toBe("api\n");
  expect((await run({ dir }, ["status"])).stdout).toMatch(/^api\n/);
});

/** What a shell offers that completes `heirloom restart a`, where the services have these names. */
function offered(names: readonly string[], dir: string): string[] {
  const bin = join(dir, "heirloom");
  writeFileSync(bin, `#!/bin/sh\ncat <<'END'\n${names.join("\n")}\nEND\n`);
  chmodSync(bin, 0o755);
  const script = execFileSync(process.execPath, [main, "completion", "bash"], { encoding: "utf8" });
  const ask = `COMP_WORDS=(heirloom restart a); COMP_CWORD=2; _heirloom; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: `${dir}:${process.env.PATH}` };
  const told = execFileSync("bash", ["--norc", "-c", `${script}\n${ask}`], {
    cwd: dir,
    encoding: "utf8",
    env,
  });
  return told.trim().split("\n");
}

// Red with compgen -W, which evaluates the words that it is given.
test("bash completes names, and evaluates none", () => {
  const dir = folder();
  expect(offered(["api", "a$(touch ran)", "`touch ran`", "web", "auth"], dir)).toEqual([
    "api",
    "a$(touch ran)",
    "auth",
  ]);
  expect(existsSync(join(dir, "ran"))).toBe(false);
});

describe("what no runtime would use is not asked", () => {
  // Red when only the name of the folder is looked at.
  test.runIf(isRoot)("a folder with this user's number that is another user's", async () => {
    const dir = folder();
    chmodSync(dir, 0o755);
    const root = join(dir, `heirloom-${nobody}`);
    const impostor = await Impostor.start(join(root, "api"), says(wellStatus), { mode: 0o755 });
    chmodSync(join(root, "api"), 0o755);
    chmodSync(join(root, "api", "1-1.sock"), 0o777);
    const under = (command: readonly string[]) => [
      "setpriv",
      `--reuid=${nobody}`,
      "--clear-groups",
      ...command,
    ];
    const asked = await run({ dir }, ["status", "api"], { ...everywhere, under });
    expect(asked.stderr).toContain(`${root} belongs to user 0`);
    expect(asked.status).toBe(3);
    expect(impostor.connections).toBe(0);
  });

  test("a folder that others may enter", async () => {
    const dir = folder();
    const impostor = await Impostor.start(join(dir, "heirloom", "api"), says(wellStatus), { mode: 0o755 });
    const { status, stderr } = await run({ dir }, ["status"]);
    expect(stderr).toContain(`others may enter ${join(dir, "heirloom")} (mode 755)`);
    expect(status).toBe(4);
    chmodSync(join(dir, "heirloom"), 0o700);
    chmodSync(join(dir, "heirloom", "api"), 0o750);
    const inner = await run({ dir }, ["status", "api"]);
    expect(inner.stderr).toContain(`others may enter ${join(dir, "heirloom", "api")} (mode 750)`);
    expect(impostor.connections).toBe(0);
  });

  // Red when root takes a folder for that of the user whose number it has.
  test.runIf(isRoot)("for root: a folder of a user that another one has made", async () => {
    const dir = folder();
    const impostor = await Impostor.start(join(dir, "heirloom-1234", "api"), says(wellStatus), {
      uid: nobody,
    });
    expect((await run({ dir }, ["status", "api"], everywhere)).status).toBe(3);
    expect(impostor.connections).toBe(0);
  });
});

describe.runIf(isRoot)("root finds the services of others", () => {
  test("where they are", async () => {
    const dir = folder();
    const theirs = join(dir, `heirloom-${nobody}`);
    await Impostor.start(join(theirs, "api"), says(wellStatus), { uid: nobody });
    const { status, stdout } = await run({ dir }, ["status", "api"], everywhere);
    expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/serving/) });
    const chosen = await run({ dir }, ["status", "--folder", theirs]);
    expect(chosen).toMatchObject({ status: 0, stdout: expect.stringMatching(/^api\n/) });
  });

  // Red where any two services of one name are too many.
  test("and its own all the same, of two with the same name", async () => {
    const service = await started();
    const theirs = join(service.dir, `heirloom-${nobody}`, name);
    await Impostor.start(theirs, says(wellStatus), { uid: nobody });
    const { status, stdout } = await run(service, ["restart", name], everywhere);
    expect(stdout).toContain(`generation 2 took over as pid ${service.pid}`);
    expect(status).toBe(0);
  });
});

// Red where a link counts as a socket: another user's could lead root to any service.
test("a link in a service's folder leads nowhere", async () => {
  const service = await started();
  const socket = await untilOpen(service, 1);
  const dir = join(service.dir, "heirloom", "api");
  mkdirSync(dir, { mode: 0o700 });
  symlinkSync(socket, join(dir, "1-1.sock"));
  symlinkSync("1-1.sock", join(dir, "current"));
  expect((await run(service, ["services"])).stdout).toBe(`${name}\n`);
  expect((await run(service, ["stop", "api"])).status).toBe(3);
  // Beside one that is there.
  await Impostor.start(dir, says(wellStatus), { socket: "2-2.sock" });
  const { stdout } = await run(service, ["status", "api"]);
  expect(stdout).not.toContain(String(service.pid));
  expect((await run(service, ["stop", "api"])).status).toBe(6);
  expect(await service.whoami()).toBe(1);
});

// Red where an answer is believed to have the shape that its type has.
test.each<[string, unknown]>([
  ["nothing but its type", { type: "status" }],
  ["text for a number", { ...wellStatus, pid: "\u001b[31m1" }],
  ["a failure of no generation", { ...wellStatus, lastFailure: { outcome: "aborted" } }],
])("a status of a wrong shape is no answer, and the other services are shown: %s", async (_, answer) => {
  const service = await started();
  await Impostor.start(join(service.dir, "heirloom", "api"), says(answer));
  const { status, stdout, stderr } = await run(service, ["status"]);
  expect(stdout).toMatch(/^api\n.*\n +1 +1 +no answer/);
  expect(stdout).toMatch(new RegExp(`1 +${service.pid} +serving`));
  expect({ status, stderr }).toEqual({ status: 6, stderr: "" });
  expect((await run(service, ["doctor"])).stdout).toContain("generation 1 (pid 1) does not answer");
});

test("what a service says is shown as text, whatever is in it", async () => {
  const dir = folder();
  const refusal = { type: "error", code: "REFUSED", message: "\u001b]0;title\u0007no" };
  await Impostor.start(join(dir, "heirloom", "api"), says(refusal));
  for (const command of ["restart", "stop"]) {
    const { status, stderr } = await run({ dir }, [command]);
    expect({ status, stderr }).toEqual({ status: 4, stderr: "heirloom: api: no\n" });
  }
});

test("JSON has all that a service says, and no control characters", async () => {
  const dir = folder();
  const activity = "\u001b[31m\u009b31m\u007f";
  await Impostor.start(join(dir, "heirloom", "api"), says({ ...wellStatus, activity }));
  const { stdout } = await run({ dir }, ["status", "--json"]);
  expect(stdout.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(stdout)).toMatchObject([{ processes: [{ status: { activity } }] }]);
});

// Red when the first byte counts as an answer.
test("half a line is no answer", async () => {
  const dir = folder();
  await Impostor.start(join(dir, "heirloom", "api"), (socket) => void socket.write('{"type":'));
  const { status, stdout } = await run({ dir }, ["status"]);
  expect(stdout).toContain("no answer");
  expect(status).toBe(6);
});
