import { chmodSync, linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { HandoffError, limits } from "@heirloom/protocol";

/*
 * A Unix-domain socket's path must outlive the process that bound it, and libuv unlinks the path that a handle bound
 * as soon as that handle closes. So a socket is bound under a name of its own and published under a second one, which
 * libuv does not know: there is no moment at which the published name leads nowhere.
 */

/** A name to bind under, next to the path: a rename across file systems would not be atomic. */
export function temporaryPath(path: string): string {
  // Not needed by a child that inherits, which is why it is not imported above: it takes milliseconds to load.
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const temporary = join(dirname(path), `.${randomBytes(4).toString("hex")}`);
  if (Buffer.byteLength(temporary) <= limits.pathBytesMax) return temporary;
  throw new HandoffError("LISTENER_INVALID", {
    message: `the folder of ${path} leaves no room for a temporary name of 9 bytes: use a shorter path`,
  });
}

/**
 * Gives a freshly bound socket its published name. A name that a dead process left behind is replaced.
 * @throws HandoffError LISTENER_BIND_FAILED where the name is taken
 */
export async function publish(temporary: string, path: string, mode: number | undefined): Promise<void> {
  if (mode !== undefined) chmodSync(temporary, mode);
  try {
    // Unlike a rename, a link never replaces anything: of two starting services one is refused.
    linkSync(temporary, path);
    unlinkSync(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    await assertStale(path);
    renameSync(temporary, path);
  }
}

async function assertStale(path: string): Promise<void> {
  const taken = (what: string) =>
    new HandoffError("LISTENER_BIND_FAILED", { message: `${path} cannot be listened on: ${what}` });
  if (!lstatSync(path).isSocket())
    throw taken("a file that is not a socket has this name; remove it or use another path");
  const answer = await new Promise<string>((resolve) => {
    const probe = connect(path);
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.once("connect", () => {
      probe.destroy();
      resolve("connected");
    });
  });
  if (answer === "ECONNREFUSED" || answer === "ENOENT") return;
  if (answer === "connected" || answer === "EAGAIN") {
    throw taken("another process listens on it; stop that one, or restart it instead of starting a second");
  }
  throw taken(`whether another process listens on it cannot be found out (${answer})`);
}

/** What identifies the file behind a published path; undefined where there is none. */
export function pathIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Removes a published path, unless somebody else has published it since. */
export function unpublish(path: string, identity: string | undefined): void {
  if (identity === undefined || pathIdentity(path) !== identity) return;
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or in a folder that may no longer be written: a later start finds it stale and replaces it.
  }
}
