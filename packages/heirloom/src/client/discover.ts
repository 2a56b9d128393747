import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { controlRoots, faultOfControl, thisUser } from "@heirloom/node-runtime/control";
import { CommandError } from "../exit-status.js";
import { faultOfFolder, ownerOf } from "./folder.js";
import { presence } from "./presence.js";
import { entries, Service } from "./service.js";

export interface Where {
  /** The option --folder: look there, and nowhere else. */
  readonly folder?: string;
}

/** Folders of services, and whose each of them has to be. */
type Roots = ReadonlyMap<string, number>;

/**
 * The services that have a folder, running or not: each of this user's, and for root those of everybody else, too. In a
 * shared folder such as /tmp anybody makes folders, of any name: what no runtime would use is nobody's service.
 */
function knownServices(where: Where): Service[] {
  const known: Service[] = [];
  for (const [root, uid] of rootsIn(where)) {
    if (faultOfFolder(root, uid) !== undefined) continue;
    for (const name of entries(root)) {
      const folder = join(root, name);
      if (faultOfControl({ name }) === undefined && faultOfFolder(folder, uid) === undefined)
        known.push(new Service(folder));
    }
  }
  return known;
}

/** The services of which at least one process lives. */
export async function runningServices(where: Where): Promise<Service[]> {
  const known = knownServices(where);
  const running = await Promise.all(known.map(isRunning));
  return known.filter((_, index) => running[index]);
}

/**
 * The service of this name; without a name the only one that runs.
 * @throws CommandError where there is none, or more than one
 */
export async function findService(name: string | undefined, where: Where): Promise<Service> {
  const running = await runningServices(where);
  const found = name === undefined ? running : called(name, running);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  const names = [...new Set(running.map((service) => service.name))];
  if (first !== undefined) {
    throw new CommandError(
      "usage",
      name === undefined
        ? `several services run: name one of ${names.join(", ")}`
        : `several services are called ${name}: choose one with --folder:\n${found.map(({ folder }) => `  --folder ${resolve(folder, "..")}`).join("\n")}`,
    );
  }
  for (const service of knownServices(where)) {
    if ((name !== undefined && service.name !== name) || !(await presence(service.keeperSocket))) continue;
    throw new CommandError(
      "unknown",
      `heirloom run keeps ${service.name}, but no generation of it answers: it boots, or crashes; see its log, or end it with SIGTERM to heirloom run`,
    );
  }
  throw notRunning(name, names, where);
}

/** Those of this name: of this user's, if there is one. Others call theirs as they like. */
function called(name: string, services: readonly Service[]): readonly Service[] {
  const all = services.filter((service) => service.name === name);
  const roots = controlRoots();
  const own = all.filter(({ folder }) => roots.includes(dirname(folder)));
  return own.length > 0 ? own : all;
}

function notRunning(name: string | undefined, names: readonly string[], where: Where): CommandError {
  const roots = rootsIn(where);
  const faults = [
    ...closed([...roots.keys(), ...(where.folder === undefined ? sharedRoots().keys() : [])]),
    ...unused(roots, name),
  ];
  if (where.folder !== undefined && faults[0] !== undefined) return new CommandError("refused", faults[0]);
  const what = name === undefined ? "no service that uses Heirloom runs" : `no service called ${name} runs`;
  const hints = [
    ...(names.length > 0 ? [`these do: ${names.join(", ")}`] : []),
    ...faults,
    ...(names.length === 0
      ? [`looked in ${[...roots.keys()].join(", ")}; a service elsewhere is found with --folder`]
      : []),
  ];
  return new CommandError("notRunning", [what, ...hints].join("\n  "));
}

/** Which of these folders this user cannot look into. */
function closed(roots: readonly string[]): string[] {
  const found = new Set(roots.filter((root) => !mayEnter(root)));
  return [...found].map((root) => `${root} belongs to another user: ask as that user, or with sudo`);
}

/** Why nothing is found in folders that are there, and that this user may look into. */
function unused(roots: Roots, name = ""): string[] {
  return [...roots].flatMap(([root, uid]) => {
    if (!mayEnter(root)) return [];
    return faultOfFolder(root, uid) ?? faultOfFolder(join(root, name), uid) ?? [];
  });
}

function rootsIn({ folder }: Where, user = thisUser()): Roots {
  const isRoot = user.uid === 0;
  if (folder !== undefined) {
    const path = resolve(folder);
    // Root has chosen it, whosever it is.
    return new Map([[path, (isRoot ? ownerOf(path) : undefined) ?? user.uid]]);
  }
  const own = controlRoots(user).map((path) => [path, user.uid] as const);
  return new Map(isRoot ? [...own, ...runtimeRoots(), ...sharedRoots()] : own);
}

function runtimeRoots(): Roots {
  const uids = entries("/run/user").filter((name) => /^\d+$/.test(name));
  return new Map(uids.map((uid) => [`/run/user/${uid}/heirloom`, Number(uid)]));
}

/** Those of any user, in folders that everybody sees. */
function sharedRoots(): Roots {
  const temporary = entries(tmpdir()).filter((name) => /^heirloom-\d+$/.test(name));
  return new Map([
    ...temporary.map((name) => [join(tmpdir(), name), Number(name.replace("heirloom-", ""))] as const),
    // Whosever it is: only root can have made it.
    ["/run/heirloom", ownerOf("/run/heirloom") ?? 0],
  ]);
}

async function isRunning(service: Service): Promise<boolean> {
  const all = await Promise.all(service.sockets.map(({ path }) => presence(path)));
  return all.includes(true);
}

/** False only where there is something that this user cannot look into. */
function mayEnter(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}
