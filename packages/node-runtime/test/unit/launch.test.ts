import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { captureLaunch } from "../../src/process/launch.js";

test("what is not overridden is as this process was started", () => {
  const { execPath, execArgv, argv, env } = captureLaunch();
  expect(execPath).toBe(process.execPath);
  expect(execArgv).toEqual(process.execArgv);
  expect(argv).toEqual(process.argv.slice(1));
  expect(env.PATH).toBe(process.env.PATH);
});

test.skipIf(process.platform !== "linux")(
  "the environment is the one that was given: what the program sets for itself does not reach the child",
  () => {
    process.env.HEIRLOOM_LAUNCH_TEST = "mine";
    onTestFinished(() => {
      delete process.env.HEIRLOOM_LAUNCH_TEST;
    });
    const { env } = captureLaunch();
    expect(env).not.toHaveProperty("HEIRLOOM_LAUNCH_TEST");
    expect(env.HOME).toBe(process.env.HOME);
  },
);

test("overrides are taken as they are", () => {
  expect(
    captureLaunch({
      execPath: "/opt/node",
      execArgv: ["--import", "x"],
      argv: ["a.js"],
      cwd: "/",
      env: { A: "1" },
    }),
  ).toEqual({
    execPath: "/opt/node",
    execArgv: ["--import", "x"],
    argv: ["a.js"],
    cwd: "/",
    env: { A: "1", PWD: "/" },
  });
});

test("children are told where compiled code is kept", () => {
  expect(captureLaunch({ env: { A: "1" } }, "/var/cache/api").env).toMatchObject({
    A: "1",
    NODE_COMPILE_CACHE: "/var/cache/api",
  });
  expect(captureLaunch({ env: { A: "1" } }).env).not.toHaveProperty("NODE_COMPILE_CACHE");
});

test.each([
  ["a link that leads here is kept", (link: string) => link, (link: string) => link],
  ["one that leads elsewhere is not", () => "/", (_: string, real: string) => real],
  ["one that leads nowhere is not", () => "/nonexistent", (_: string, real: string) => real],
  ["a relative one is not", () => ".", (_: string, real: string) => real],
])("PWD: %s", (_, given, expected) => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "heirloom-launch-")));
  const before = { cwd: process.cwd(), pwd: process.env.PWD };
  const link = join(home, "current");
  const real = join(home, "release");
  mkdirSync(real);
  symlinkSync(real, link);
  const cwd = process.cwd;
  process.cwd = () => real;
  process.env.PWD = given(link);
  try {
    expect(captureLaunch().cwd).toBe(expected(link, real));
  } finally {
    process.cwd = cwd;
    if (before.pwd === undefined) delete process.env.PWD;
    else process.env.PWD = before.pwd;
    rmSync(home, { recursive: true });
  }
});
