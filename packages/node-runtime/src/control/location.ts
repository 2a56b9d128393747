import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, isAbsolute, join } from "node:path";

/*
 * Where the control sockets of a service are:
 *
 *   <root>/<service>/<generation>-<pid>.sock    one for each process of the service, as long as it lives
 *   <root>/<service>/current                    leads to the owner's
 */

/** The link that leads to the owner's socket. */
export const currentName = "current";

/** The longest path of a socket that every system takes, in bytes. */
export const socketPathBytesMax = process.platform === "linux" ? 107 : 103;

const socketPattern = /^(\d+)-(\d+)\.sock$/;

export function socketName(generation: number, pid: number): string {
  return `${generation}-${pid}.sock`;
}

/** Which process a socket's name tells of; undefined for any other file. */
export function parseSocketName(name: string): { generation: number; pid: number } | undefined {
  const [, generation, pid] = socketPattern.exec(name) ?? [];
  return generation === undefined ? undefined : { generation: Number(generation), pid: Number(pid) };
}

/**
 * What a service is called that does not say so: the name of the package that its script belongs to, or else the
 * script's own.
 */
export function defaultServiceName(script = process.argv[1]): string {
  if (script === undefined) return "node";
  let path = script;
  try {
    path = realpathSync(script);
  } catch {
    // Deleted since: its name is all that is left.
  }
  const name = packageName(dirname(path)) ?? basename(path, extname(path));
  const plain = name.replace(/^@/, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return plain.replace(/^[^A-Za-z0-9]+/, "").slice(0, 64) || "node";
}

function packageName(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { name } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { name?: unknown };
      return typeof name === "string" && name !== "" ? name : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(at) === at) return undefined;
    }
  }
}

export interface User {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function thisUser(): User {
  return { uid: process.geteuid?.() ?? -1, env: process.env };
}

/**
 * The folder in which the folders of this user's services are made: `$XDG_RUNTIME_DIR/heirloom` where that is this
 * user's own, `/run/heirloom` for root, and `heirloom-<uid>` in the temporary folder otherwise.
 */
export function controlRoot({ uid, env } = thisUser()): string {
  const runtime = env.XDG_RUNTIME_DIR;
  if (runtime !== undefined && isAbsolute(runtime) && ownerOf(runtime) === uid)
    return join(runtime, "heirloom");
  return uid === 0 && process.platform === "linux" ? "/run/heirloom" : temporaryRoot(uid);
}

/**
 * Every folder that a service of this user may have chosen, the most likely first: a service and a shell need not have
 * been given the same XDG_RUNTIME_DIR.
 */
export function controlRoots(user = thisUser()): string[] {
  const { uid } = user;
  const roots = [controlRoot(user), `/run/user/${uid}/heirloom`, temporaryRoot(uid)];
  if (uid === 0) roots.push("/run/heirloom");
  return [...new Set(roots)];
}

function temporaryRoot(uid: number): string {
  return join(tmpdir(), `heirloom-${uid}`);
}

function ownerOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    return undefined;
  }
}
