import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { lives } from "../process/exists.js";
import { currentName, parseSocketName } from "./location.js";
import { presenceOf } from "./presence.js";

/**
 * Makes sure that a folder exists that nobody but this user can enter. One that was there before is used as it is, or not at all:
 * in a shared folder such as /tmp anybody may have made it.
 * @throws Error with a sentence that says what to do
 */
export function openPrivateFolder(path: string): void {
  const uid = process.geteuid?.();
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST")
      throw new Error(`the folder ${path} cannot be made (${code}): ${elsewhere}`, { cause: error });
  }
  const found = lstatSync(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder: remove it, or ${elsewhere}`);
  if (found.uid !== uid)
    throw new Error(
      `the folder ${path} belongs to user ${found.uid}, and this process to user ${uid}: ${elsewhere}`,
    );
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw new Error(
      `others may enter the folder ${path} (mode ${mode}): chmod 700 it if it is meant for control sockets, or ${elsewhere}`,
    );
  }
}

const elsewhere = "set the option control.folder to a folder of this user's own";

/** The name of the socket that `current` leads to. */
export function readCurrent(folder: string): string | undefined {
  try {
    return readlinkSync(join(folder, currentName));
  } catch {
    return undefined;
  }
}

/** Makes `current` lead to this socket. There is no moment at which it leads nowhere. */
export function pointCurrent(folder: string, name: string): void {
  const temporary = join(folder, `.current-${process.pid}`);
  remove(temporary);
  symlinkSync(name, temporary);
  renameSync(temporary, join(folder, currentName));
}

/** Makes `current`, if there is none. False: there is one. Of two services that start at once, one gets it. */
export function claimCurrent(folder: string, name: string): boolean {
  try {
    symlinkSync(name, join(folder, currentName));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Takes `current` away, if it leads to this socket. */
export function releaseCurrent(folder: string, name: string): void {
  if (readCurrent(folder) === name) remove(join(folder, currentName));
}

/** Gives a listening socket the name that tools look for. It is bound under another one, so that no one takes it for dead. */
export function publishSocket(folder: string, temporary: string, name: string): void {
  chmodSync(temporary, 0o600);
  renameSync(temporary, join(folder, name));
}

/** What a process makes under this name until it is finished, and has its own number in it. */
const unfinishedPattern = /^\.\w+-(\d+)(?:\.sock)?$/;

/** Removes what processes left behind which had no time to. */
export async function removeStale(folder: string, own: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, maker] = unfinishedPattern.exec(name) ?? [];
    if (maker !== undefined && !lives(Number(maker))) remove(join(folder, name));
    if (name === own || parseSocketName(name) === undefined) continue;
    if ((await presenceOf(join(folder, name))) === "dead") remove(join(folder, name));
  }
}

/**
 * Removes what processes left behind that are gone, by the numbers in its names: for a process that ends, and has no
 * time to ask who listens.
 */
export function removeAbandoned(folder: string): void {
  for (const name of namesIn(folder)) {
    const maker = parseSocketName(name);
    if (maker !== undefined && !lives(maker.pid)) remove(join(folder, name));
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Somebody has cleared away all of it.
    return [];
  }
}

export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}
