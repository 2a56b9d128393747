import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  controlRoot,
  controlRoots,
  defaultServiceName,
  parseSocketName,
} from "../../src/control/location.js";
import { faultOfControl } from "../../src/control/options.js";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "heirloom-location-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

const own = process.geteuid?.() ?? -1;

test("the sockets are in the user's runtime folder where there is one", () => {
  const runtime = folder();
  expect(controlRoot({ uid: own, env: { XDG_RUNTIME_DIR: runtime } })).toBe(join(runtime, "heirloom"));
});

test("a runtime folder of another user is not used, such as one that `su` left in the environment", () => {
  const runtime = folder();
  expect(controlRoot({ uid: own + 1, env: { XDG_RUNTIME_DIR: runtime } })).toBe(
    join(tmpdir(), `heirloom-${own + 1}`),
  );
});

test("a tool looks wherever a service of its user may be, with or without a runtime folder", () => {
  const runtime = folder();
  expect(controlRoots({ uid: own, env: { XDG_RUNTIME_DIR: runtime } })).toEqual(
    expect.arrayContaining([
      join(runtime, "heirloom"),
      `/run/user/${own}/heirloom`,
      join(tmpdir(), `heirloom-${own}`),
    ]),
  );
});

test("a service is called as the package that its script belongs to", () => {
  const root = folder();
  mkdirSync(join(root, "src"));
  writeFileSync(join(root, "src", "server.js"), "");
  writeFileSync(join(root, "package.json"), '{ "name": "@acme/api" }');
  expect(defaultServiceName(join(root, "src", "server.js"))).toBe("acme-api");
});

test("a service without a package is called as its script", () => {
  expect(defaultServiceName("/nowhere/at all/worker.mjs")).toBe("worker");
});

test("other files are not taken for sockets", () => {
  expect(parseSocketName("3-4242.sock")).toEqual({ generation: 3, pid: 4242 });
  for (const name of ["current", ".3-4242.sock", "3.sock", "3-4242.sock~"])
    expect(parseSocketName(name)).toBeUndefined();
});

test.each([
  [{ name: "../api" }, /control.name must be/],
  [{ name: "" }, /control.name must be/],
  [{ folder: "run" }, /absolute/],
  [{ socket: "/x" }, /there is no option control.socket/],
  ["api", /object or false/],
])("control: %j is refused", (options, message) => {
  expect(faultOfControl(options)).toMatch(message);
});
