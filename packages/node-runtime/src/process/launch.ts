import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { activationVariables } from "../init/activation.js";
import { letterBoxVariable } from "../keeper/letter-box.js";

/** How this program was started, and so how its successor is started. */
export interface Launch {
  /** The executable. */
  readonly execPath: string;
  /** The executable's own options, such as `--import`. */
  readonly execArgv: readonly string[];
  /** The script and its arguments. */
  readonly argv: readonly string[];
  /** The working directory as it was given: a symbolic link in it is followed anew by each generation. */
  readonly cwd: string;
  /** The environment as it was given, where the system tells (`/proc/self/environ`): changes that the program made to its own are not passed on then. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/**
 * Reads how this process was started.
 *
 * The system reports the working directory with every link resolved. A shell, and each Heirloom parent, leaves the
 * path as it was given in PWD; where that still leads here, a release switched by a link (`/srv/current`) is picked
 * up by the next generation, also for a script given relative to it.
 *
 * `compileCache`: the folder that children keep compiled code in.
 */
export function captureLaunch(overrides: Partial<Launch> = {}, compileCache: string | false = false): Launch {
  const resolved = process.cwd();
  const cwd = overrides.cwd ?? givenDirectory(process.env.PWD, resolved);
  const [script, ...rest] = process.argv.slice(1);
  const argv = script === undefined ? rest : [throughLink(script, resolved, cwd), ...rest];
  return {
    execPath: overrides.execPath ?? process.execPath,
    execArgv: [...(overrides.execArgv ?? process.execArgv)],
    argv: [...(overrides.argv ?? argv)],
    cwd,
    // Read when a child is started: copying it takes a millisecond that a generation on its way to ready can save.
    get env() {
      const env = { ...(overrides.env ?? environmentAtStart()), PWD: cwd };
      return compileCache === false ? env : { ...env, NODE_COMPILE_CACHE: compileCache };
    },
  };
}

/** What was meant for this process alone: its channel of node:child_process or node:cluster, an init system's sockets, a keeper's letter box. */
const notInherited: readonly string[] = [
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
  "NODE_UNIQUE_ID",
  ...activationVariables,
  letterBoxVariable,
];

/**
 * The environment as this process was given it, not as the program has changed it since: what a program sets for itself
 * (from a file, say) a new release is to set anew.
 */
function environmentAtStart(): NodeJS.ProcessEnv {
  let block: string;
  try {
    block = readFileSync("/proc/self/environ", "utf8");
  } catch {
    return process.env;
  }
  const entries = block.split("\0").map((entry) => {
    const end = entry.indexOf("=");
    return [entry.slice(0, end), entry.slice(end + 1)] as const;
  });
  return Object.fromEntries(entries.filter(([name]) => name !== "" && !notInherited.includes(name)));
}

/** The working directory as it was given, where that still leads there. */
export function givenDirectory(given: string | undefined, resolved: string): string {
  if (given === undefined || !isAbsolute(given)) return resolved;
  try {
    const [a, b] = [statSync(given), statSync(resolved)];
    return a.ino === b.ino && a.dev === b.dev ? given : resolved;
  } catch {
    return resolved;
  }
}

function throughLink(script: string, resolved: string, cwd: string): string {
  const inside = relative(resolved, script);
  return inside.startsWith("..") || isAbsolute(inside) ? script : join(cwd, inside);
}
