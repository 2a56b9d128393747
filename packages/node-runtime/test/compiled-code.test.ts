import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { Service } from "./support/service.js";

const require = createRequire(import.meta.url);
const entry = require.resolve("@heirloom/node-runtime");
const source = readFileSync(join(entry, "..", "heirloom-runtime.cjs"));
const stamp = Buffer.concat([Buffer.from(`${process.version} ${process.arch}\n`), source]);

/** What V8 makes of another program than the runtime that is as long: it can't tell the two apart, and so tells us whose code ran. */
const impostor = (() => {
  const [head, tail] = ["(function (exports, require, module, compiled) {", "\n})"];
  const program = 'exports.whose = "the parent\'s";'.padEnd(source.length);
  const compile = `
    const script = new (require("node:vm").Script)(${JSON.stringify(head + program + tail)});
    process.stdout.write(script.createCachedData());`;
  return execFileSync(process.execPath, ["-"], { input: compile });
})();

const ask =
  'const { whose = "its own" } = require(process.argv[1]); console.log(whose, process.env.HEIRLOOM_COMPILED);';

/** Whose code a process runs that was led to this file. */
function runsFrom(kept: Buffer | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-kept-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "kept");
  if (kept !== undefined) writeFileSync(file, kept);
  const env = { ...process.env, HEIRLOOM_COMPILED: file };
  return execFileSync(process.execPath, ["-e", ask, entry], { env, encoding: "utf8" }).trim();
}

test("a process runs what its parent has compiled of the same bytes, and leads nobody else there", () => {
  expect(runsFrom(Buffer.concat([stamp, impostor]))).toBe("the parent's undefined");
});

test("a process compiles for itself what another Node or another release has compiled, or nobody", () => {
  const release = Buffer.from(stamp);
  release[release.length - 2] = (release.at(-2) ?? 0) ^ 1;
  const node = Buffer.from(stamp);
  node[1] = (node[1] ?? 0) ^ 1;
  for (const kept of [
    Buffer.concat([release, impostor]),
    Buffer.concat([node, impostor]),
    Buffer.concat([stamp, Buffer.from("garbage")]),
    stamp,
    stamp.subarray(0, 1_000),
    Buffer.alloc(0),
    undefined,
  ]) {
    expect(runsFrom(kept)).toBe("its own undefined");
  }
});

/** Where a process keeps it, once it is there. */
function keptBy(pid: number): string | undefined {
  return readdirSync(`/proc/${pid}/fd`)
    .map((descriptor) => `/proc/${pid}/fd/${descriptor}`)
    .find((path) => {
      try {
        const isKept = readlinkSync(path).startsWith("/memfd:heirloom-compiled");
        return isKept && readFileSync(path).subarray(0, stamp.length).equals(stamp);
      } catch {
        return false;
      }
    });
}

test.skipIf(process.platform !== "linux")(
  "each generation keeps for its child what it has compiled",
  async () => {
    const service = await Service.start();
    for (let restart = 0; restart < 2; restart += 1) {
      const { pid } = service;
      await eventually("compiled code is kept", () => keptBy(pid) !== undefined);
      const path = keptBy(pid);
      await service.succeed();
      const environment = readFileSync(`/proc/${service.pid}/environ`, "latin1").split("\0");
      expect(environment).toContain(`HEIRLOOM_COMPILED=${path}`);
    }
  },
);

test("what is imported is what is required", () => {
  const compare = `
    import { createRequire } from "node:module";
    import * as imported from "@heirloom/node-runtime";
    const required = createRequire(import.meta.url)("@heirloom/node-runtime");
    const names = Object.keys(required).sort();
    console.log(names.length > 0 && names.join() === Object.keys(imported).sort().join() && names.every((name) => imported[name] === required[name]));`;
  const cwd = new URL(".", import.meta.url);
  expect(
    execFileSync(process.execPath, ["--input-type=module", "-"], { cwd, input: compare, encoding: "utf8" }),
  ).toBe("true\n");
});
