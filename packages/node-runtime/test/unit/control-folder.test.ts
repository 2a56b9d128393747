import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { removeAbandoned } from "../../src/control/folder.js";
import { socketName } from "../../src/control/location.js";
import { corpse } from "../support/processes.js";

function folderOf(names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of names) writeFileSync(join(folder, name), "");
  return folder;
}

// Red when a process counts that is dead and not yet collected: process 1 takes its time for that, or never does it in a container.
test("sockets of processes that are dead are removed, collected or not, and no others", async () => {
  const own = socketName(2, process.pid);
  const folder = folderOf([own, socketName(1, await corpse()), socketName(1, 2 ** 22 + 1), "notes.sock"]);
  removeAbandoned(folder);
  expect(readdirSync(folder).sort()).toEqual([own, "notes.sock"].sort());
});

test("a folder that somebody has removed is as good as an empty one", () => {
  expect(() => removeAbandoned("/nowhere/at/all")).not.toThrow();
});
