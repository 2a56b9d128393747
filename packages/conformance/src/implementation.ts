import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A program that keeps to spec/conformance/README.md. */
export interface Implementation {
  readonly name: string;
  /** An absolute path, and its arguments. */
  readonly command: readonly string[];
}

/** From dist/ and from src/ alike. */
const packageRoot = fileURLToPath(new URL("..", import.meta.url));
export const repositoryRoot = join(packageRoot, "..", "..");
const program = (file: string) => join(packageRoot, "programs", file);
const pythonProgram = join(repositoryRoot, "spec", "python", "service.py");

export function node(execPath = process.execPath): Implementation {
  const version = execFileSync(execPath, ["--version"], { encoding: "utf8" });
  return { name: `node-${/^v(\d+)/.exec(version)?.[1]}`, command: [execPath, program("node.mjs")] };
}

/** A peer of the runner's own. */
export function scripted(file: string): Implementation {
  return { name: "script", command: [process.execPath, program(file)] };
}

/** Undefined: there is no Python 3 with msgpack here. */
export function python(): Implementation | undefined {
  const candidates = [process.env.HEIRLOOM_PYTHON, "/usr/bin/python3", "/usr/local/bin/python3"];
  const found = candidates.find((path) => path !== undefined && existsSync(path) && hasMsgpack(path));
  return found === undefined ? undefined : { name: "python", command: [found, "-B", pythonProgram] };
}

function hasMsgpack(path: string): boolean {
  try {
    execFileSync(path, ["-c", "import msgpack"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** This Node, the other lines that are at hand, and Python: one of each name. */
export function everyImplementation(): Implementation[] {
  const byName = new Map<string, Implementation>();
  for (const path of [process.execPath, ...nodesAtHand()]) {
    const found = node(path);
    if (!byName.has(found.name)) byName.set(found.name, found);
  }
  const others = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  return [...others, ...[python()].filter((found) => found !== undefined)];
}

/** Binaries that HEIRLOOM_NODES lists, or folders of them, divided by colons; and those that CI fetched. */
function nodesAtHand(): string[] {
  const listed = (process.env.HEIRLOOM_NODES ?? "").split(":").filter((path) => path !== "");
  const fetched = join(repositoryRoot, ".cache", "node");
  return [...listed, fetched].flatMap(nodesIn);
}

function nodesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const inPackage = join("node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  let entries: string[];
  try {
    entries = readdirSync(path);
  } catch {
    return [path];
  }
  return entries
    .flatMap((entry) => [join(path, entry, inPackage), join(path, entry, "bin", "node")])
    .filter((binary) => existsSync(binary));
}
