import type * as Runtime from "../index.js";
import type { Compiled } from "../process/compiled-code.js";

type Start = (
  exports: object,
  require: (id: string) => unknown,
  module: { exports: object },
  compiled: Compiled,
) => void;

/** Names the file in which a parent keeps for its child what V8 has compiled. */
const variable = "HEIRLOOM_COMPILED";

/** By their files: one runtime for a program whose modules are of both kinds. */
const loadedSymbol = Symbol.for("heirloom.loaded");
const marks = globalThis as { [loadedSymbol]?: Map<string, typeof Runtime> };

/**
 * Runs the runtime as `require` does, except that V8 need not compile again what it has compiled of the very same bytes for
 * the parent of this process. `folder`: where its file is.
 * @throws Error The file can't be read
 */
export function load(folder: string): typeof Runtime {
  const filename = `${folder}/heirloom-runtime.cjs`;
  marks[loadedSymbol] ??= new Map();
  const loaded = marks[loadedSymbol].get(filename) ?? run(filename);
  marks[loadedSymbol].set(filename, loaded);
  return loaded;
}

function run(filename: string): typeof Runtime {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { Script } = process.getBuiltinModule("node:vm");
  const { [variable]: kept } = process.env;
  delete process.env[variable];
  const source = readFileSync(filename);
  const stamp = [Buffer.from(`${process.version} ${process.arch}\n`), source];
  const cachedData = kept ? compiledFrom(stamp, kept) : undefined;
  // V8 compiles anew what was compiled by another version of it, or with other flags.
  const script = new Script(
    // On the first line, so that the others keep their numbers.
    `(function (exports, require, module, compiled) {${source.toString("latin1")}\n})`,
    { filename, ...(cachedData !== undefined && { cachedData }) },
  );
  const start = script.runInThisContext() as Start;
  const module = { exports: {} };
  // What Node needs to require is much, and no child needs it on its way to ready.
  const require = (id: string) => process.getBuiltinModule("node:module").createRequire(filename)(id);
  start(module.exports, require, module, { script, stamp, variable });
  return module.exports as typeof Runtime;
}

/** What follows the stamp in a file; undefined where that begins with another one, or is not there. */
function compiledFrom(stamp: readonly Buffer[], file: string): Buffer | undefined {
  try {
    let kept = process.getBuiltinModule("node:fs").readFileSync(file);
    for (const part of stamp) {
      if (!kept.subarray(0, part.length).equals(part)) return undefined;
      kept = kept.subarray(part.length);
    }
    return kept;
  } catch {
    // The parent is dead, or /proc is not to be seen here.
    return undefined;
  }
}
