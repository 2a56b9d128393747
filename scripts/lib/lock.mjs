import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { withProgress } from "./progress.mjs";

const HEARTBEAT_MS = 2_000;
// Far above the heartbeat: a busy machine is slow, not dead. Needed at all because a pid may be given out again, and
// because an owner in another container has a pid that means nothing here.
const SILENCE_MAX_MS = 60_000;
const POLL_MS = 200;

/**
 * Runs `work` while no other process of this checkout does. The lock is a folder, which renames into place whole,
 * with its owner's name inside. Ended by the owner, or by whoever finds the owner dead.
 */
export async function withLock(folder, waitingFor, work) {
  const owner = { id: randomUUID(), pid: process.pid };
  const graves = [];
  if (!tryAcquire(folder, owner, graves)) {
    await withProgress(
      `Waiting for ${waitingFor}`,
      () => "",
      async () => {
        while (!tryAcquire(folder, owner, graves)) await new Promise((wake) => setTimeout(wake, POLL_MS));
      },
    );
  }
  const heartbeat = setInterval(() => {
    if (isOwnedBy(owner, folder)) utimesSync(folder, new Date(), new Date());
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    release(folder, owner, graves);
  }
}

function release(folder, owner, graves) {
  // A process that was suspended for long enough has lost the lock to another one.
  if (isOwnedBy(owner, folder)) {
    // Renamed first: to remove it in place would empty it, and an empty folder is there for the next owner to replace
    // while we go on removing.
    const released = `${folder}-${owner.id}`;
    renameSync(folder, released);
    graves.push(released);
  }
  for (const grave of graves) rmSync(grave, { recursive: true, force: true });
}

function tryAcquire(folder, owner, graves) {
  const found = ownerOf(folder);
  if (found && !isDead(folder, found)) return false;
  if (found) {
    // Every waiter that found this owner dead moves the folder to the same name, and only the first can: the others
    // find the name taken, and never remove the lock that the first one takes next.
    const grave = `${folder}-${found.id}`;
    if (!rename(folder, grave)) return false;
    graves.push(grave);
  }
  const prepared = `${folder}-${owner.id}`;
  mkdirSync(prepared, { recursive: true });
  writeFileSync(join(prepared, "owner.json"), JSON.stringify(owner));
  if (rename(prepared, folder)) return true;
  rmSync(prepared, { recursive: true });
  return false;
}

/** False where the target is there already (a folder with something in it is never replaced) or the source is gone. */
function rename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(error.code)) return false;
    throw error;
  }
}

const isOwnedBy = (owner, folder) => ownerOf(folder)?.id === owner.id;

function ownerOf(folder) {
  mkdirSync(dirname(folder), { recursive: true });
  try {
    return JSON.parse(readFileSync(join(folder, "owner.json"), "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isDead(folder, owner) {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return true;
  }
  try {
    return Date.now() - statSync(folder).mtimeMs > SILENCE_MAX_MS;
  } catch {
    // It was released this instant.
    return false;
  }
}
