import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** One way of breaking the runtime: a text of its built files, and what stands there instead. */
export interface Breakage {
  /** Default: what a service loads first. */
  readonly file?: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Uses a copy of the runtime, built aside and broken in one way: `use` is given its entry file, and the copy is gone when it
 * has settled.
 * @throws Error where the build has no such text: the runtime has changed, and the breakage has to follow
 */
export async function withBroken<T>(breakage: Breakage, use: (runtime: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-broken-"));
  try {
    return await use(build(folder, breakage));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function build(folder: string, { file = "heirloom-runtime.cjs", from, to }: Breakage): string {
  const packages = join(folder, "node_modules", "@heirloom");
  mkdirSync(packages, { recursive: true });
  for (const name of ["node-runtime", "protocol"]) {
    for (const part of ["dist", "package.json"]) {
      cpSync(join(ROOT, "packages", name, part), join(packages, name, part), { recursive: true });
    }
  }
  symlinkSync(realpathSync(join(ROOT, "node_modules", "koffi")), join(folder, "node_modules", "koffi"));
  const dist = join(packages, "node-runtime", "dist");
  const script = join(dist, file);
  const built = readFileSync(script, "utf8");
  if (!built.includes(from))
    throw new Error(`the build of the runtime has no ${JSON.stringify(from)} to break`);
  writeFileSync(script, built.replace(from, to));
  return join(dist, "index.js");
}
