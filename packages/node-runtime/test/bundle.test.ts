import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Format } from "tsup";
import { expect, onTestFinished, test } from "vitest";
import { Service } from "./support/service.js";

/** Makes one file of a fixture and all that it imports. */
async function bundle(fixture: string, format: Format): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "heirloom-bundle-"));
  onTestFinished(() => rmSync(outDir, { recursive: true }));
  await build({
    config: false,
    entry: { program: fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url)) },
    format,
    outDir,
    outExtension: () => ({ js: format === "esm" ? ".mjs" : ".cjs" }),
    platform: "node",
    target: "node20",
    noExternal: [/^@heirloom/],
    external: ["koffi"],
    splitting: false,
    silent: true,
  });
  return join(outDir, format === "esm" ? "program.mjs" : "program.cjs");
}

// Red where a bundler is given the entry that Node imports: it looks for the runtime beside itself.
test("a service that is bundled into one file hands over to the next one", async () => {
  const script = await bundle("service.mjs", "esm");
  const service = await Service.start({}, { script });
  await service.succeed();
  await service.succeed();
});

test("a program that requires the runtime can be bundled, too", async () => {
  const program = await bundle("requires.cjs", "cjs");
  const said = execFileSync(process.execPath, [program], { encoding: "utf8" });
  expect(said.trim()).toBe("HandoffError,asJson,joinGeneration,joinGenerationSync,serve");
});
