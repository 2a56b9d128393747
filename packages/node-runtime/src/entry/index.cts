import fs = require("node:fs");
import path = require("node:path");
import vm = require("node:vm");

import type { Compiled } from "../process/compiled-code.js" with { "resolution-mode": "import" };

type Start = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  compiled: Compiled,
) => void;

/** Names the file in which a parent keeps for its child what V8 has compiled. */
const variable = "HEIRLOOM_COMPILED";

/**
 * Runs a file of CommonJS as `require` does, except that V8 need not compile again what it has compiled of the very same
 * bytes for the parent of this process. Undefined: the file can't be read.
 */
function run(filename: string): object | undefined {
  const { [variable]: kept } = process.env;
  delete process.env[variable];
  let source: Buffer;
  try {
    source = fs.readFileSync(filename);
  } catch {
    return undefined;
  }
  const stamp = [Buffer.from(`${process.version} ${process.arch}\n`), source];
  const cachedData = kept ? compiledFrom(stamp, kept) : undefined;
  // V8 compiles anew what was compiled by another version of it, or with other flags.
  const script = new vm.Script(
    // On the first line, so that the others keep their numbers.
    `(function (exports, require, module, compiled) {${source.toString("latin1")}\n})`,
    { filename, ...(cachedData !== undefined && { cachedData }) },
  );
  const start = script.runInThisContext() as Start;
  const module = { exports: {} };
  start(module.exports, require, module, { script, stamp, variable });
  return module.exports;
}

/** What follows the stamp in a file; undefined where that begins with another one, or is not there. */
function compiledFrom(stamp: readonly Buffer[], file: string): Buffer | undefined {
  try {
    let kept = fs.readFileSync(file);
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

// Where this package was bundled into another file, there is nothing beside that.
export = run(path.join(__dirname, "heirloom-runtime.cjs")) ?? require("./heirloom-runtime.cjs");
