import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refusal } from "../lib/requirements.mjs";
import { checkout } from "./checkout.mjs";

const STAMP = "node_modules/.setup-stamp";

// Workspaces are all that it depends on, so npm needs no network for it.
function workspace() {
  const folder = checkout({
    "package.json": { name: "root", private: true, workspaces: ["packages/*"] },
    "packages/one/package.json": { name: "one", version: "1.0.0" },
  });
  execFileSync("npm", ["install", "--package-lock-only"], { cwd: folder, stdio: "pipe" });
  const setUp = () => execFileSync(process.execPath, ["scripts/setup.mjs"], { cwd: folder, stdio: "pipe" });
  const has = (path) => existsSync(join(folder, path));
  // An installation begins with an empty node_modules, so this survives only where there was none.
  const mark = () => writeFileSync(join(folder, "node_modules", "mark"), "");
  return { folder, setUp, has, mark, unmarked: () => !has("node_modules/mark") };
}

test("the first set-up installs, and the next one has nothing to do", () => {
  const { setUp, has, mark, unmarked } = workspace();

  setUp();
  expect(has("node_modules/one/package.json")).toBe(true);
  mark();
  setUp();
  expect(unmarked()).toBe(false);
});

test("a changed lock file is installed again", () => {
  const { folder, setUp, has, mark, unmarked } = workspace();
  setUp();
  mark();
  mkdirSync(join(folder, "packages", "two"));
  writeFileSync(join(folder, "packages/two/package.json"), '{ "name": "two", "version": "1.0.0" }');
  execFileSync("npm", ["install", "--package-lock-only"], { cwd: folder, stdio: "pipe" });

  setUp();

  expect(has("node_modules/two/package.json")).toBe(true);
  expect(unmarked()).toBe(true);
});

test("what somebody installed by hand is taken as it is", () => {
  const { folder, setUp, has, mark, unmarked } = workspace();
  execFileSync("npm", ["install"], { cwd: folder, stdio: "pipe" });
  mark();

  setUp();

  expect(unmarked()).toBe(false);
  expect(has(STAMP)).toBe(true);
});

test("what was installed on another machine is installed again", () => {
  const { folder, setUp, mark, unmarked } = workspace();
  setUp();
  mark();
  writeFileSync(join(folder, STAMP), "0 darwin-arm64-115\n");

  setUp();

  expect(unmarked()).toBe(true);
});

test("a machine that will not do is refused in one sentence, with what to do", () => {
  expect(refusal("20.18.3", "linux")).toBe(
    'Heirloom needs Node.js 20.19 or newer and this is 20.18.3: install a current one (https://nodejs.org, or "nvm install --lts") and run the same command again.',
  );
  expect(refusal("26.1.0", "win32")).toBe(
    "Heirloom hands sockets from process to process in a way that Windows does not have: open WSL 2 (wsl --install) and run the same command there.",
  );
  expect(refusal("20.19.0", "linux")).toBe(undefined);
  expect(refusal("22.0.0", "darwin")).toBe(undefined);
});
