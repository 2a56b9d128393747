import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** What the run ran on. */
export function environment(): Record<string, string> {
  const { version } = createRequire(import.meta.url)("@heirloom/node-runtime/package.json") as {
    version: string;
  };
  return {
    runtime: `@heirloom/node-runtime ${version}`,
    node: process.version,
    system: `${type()} ${release()} ${process.arch}`,
    distribution: distribution(),
    processors: `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
