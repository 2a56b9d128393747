import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { Service } from "./support/service.js";

const hasCompileCache = "enableCompileCache" in process.getBuiltinModule("node:module");

test.skipIf(!hasCompileCache)("generations leave compiled code behind for those that follow", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-compiled-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const service = await Service.start({ options: { compileCache: folder } });
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  await service.succeed();
  expect(files()).toEqual([]);
  const { pid } = service;
  await service.succeed();
  await service.until("exit", { pid, status: 0 });
  // Node writes them behind all that a program can tell of its exit.
  await eventually("compiled code lies in the folder", () => files().length > 0);
});
