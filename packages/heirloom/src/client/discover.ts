import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { controlRoots, thisUser, type User } from "@heirloom/node-runtime/control";
import { CommandError } from "../exit-status.js";
import { presence } from "./presence.js";
import { entries, Service } from "./service.js";

export interface Where {
  /** The option --folder: look there, and nowhere else. */
  readonly folder?: string;
}

/** The services that have a folder, running or not: each of this user's, and for root those of everybody else, too. */
function knownServices({ folder }: Where, user = thisUser()): Service[] {
  const roots = folder === undefined ? rootsFor(user) : [resolve(folder)];
  return roots.flatMap((root) => entries(root).map((name) => new Service(join(root, name))));
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
  const found = name === undefined ? running : running.filter((service) => service.name === name);
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

function notRunning(name: string | undefined, names: readonly string[], { folder }: Where): CommandError {
  const roots = folder === undefined ? rootsFor(thisUser()) : [resolve(folder)];
  const closed = [...roots, ...foreignRoots()].filter((root) => !mayEnter(root));
  if (folder !== undefined && closed.length > 0)
    return new CommandError(
      "refused",
      `${closed[0]} belongs to another user: ask as that user, or with sudo`,
    );
  const what = name === undefined ? "no service that uses Heirloom runs" : `no service called ${name} runs`;
  const hints = [
    ...(names.length > 0 ? [`these do: ${names.join(", ")}`] : []),
    ...new Set(closed.map((root) => `${root} belongs to another user: ask as that user, or with sudo`)),
    ...(names.length === 0
      ? [`looked in ${roots.join(", ")}; a service elsewhere is found with --folder`]
      : []),
  ];
  return new CommandError("notRunning", [what, ...hints].join("\n  "));
}

function rootsFor(user: User): string[] {
  const own = controlRoots(user);
  if (user.uid !== 0) return own;
  const runtimes = entries("/run/user").map((uid) => `/run/user/${uid}/heirloom`);
  return [...new Set([...own, ...runtimes, ...temporaryRoots()])];
}

function temporaryRoots(): string[] {
  return entries(tmpdir())
    .filter((name) => /^heirloom-\d+$/.test(name))
    .map((name) => join(tmpdir(), name));
}

function foreignRoots(): string[] {
  return [...temporaryRoots(), "/run/heirloom"];
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
