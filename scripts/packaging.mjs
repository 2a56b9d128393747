// Packs every package as it would be published, and checks the tarball: publint for package.json, attw for types.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInForeground, runQuietly } from "./lib/child.mjs";
import { enter } from "./lib/entry.mjs";
import { npm } from "./lib/installation.mjs";
import { ROOT, tool } from "./lib/root.mjs";
import { setUp } from "./lib/setup.mjs";
import { build } from "./lib/turbo.mjs";

await enter(async () => {
  await setUp(() => build("./packages/*"));
  const folder = mkdtempSync(join(tmpdir(), "heirloom-packaging-"));
  try {
    const [command, ...args] = npm();
    const workspaces = readdirSync(join(ROOT, "packages")).map((name) => `--workspace=packages/${name}`);
    await runQuietly("Packing", command, [...args, "pack", ...workspaces, `--pack-destination=${folder}`]);
    let failed = 0;
    for (const tarball of readdirSync(folder)) {
      const path = join(folder, tarball);
      if ((await runInForeground(tool("publint"), ["run", "--strict", path])) !== 0) failed += 1;
      if ((await runInForeground(tool("attw"), ["--no-emoji", path])) !== 0) failed += 1;
    }
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
});
