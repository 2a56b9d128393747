import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const root = new URL("../../..", import.meta.url).pathname;

test("the example tells a handoff as its page shows it, with nothing installed but the packed package", () => {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(root, "examples/transcript"), folder, { recursive: true });
  const npm = (...args: string[]) =>
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  npm("pack", join(root, "packages/protocol"), "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "";
  npm("install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", `./${tarball}`);

  const told = execFileSync("sh", ["-c", `"$0" sample.mjs | "$0" transcript.mjs`, process.execPath], {
    cwd: folder,
    encoding: "utf8",
  });

  const page = readFileSync(join(folder, "README.md"), "utf8");
  const shown = /node transcript\.mjs\n([^`]*)```/.exec(page)?.[1];
  expect(told).toBe(shown);
}, 120_000);
