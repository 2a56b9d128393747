import { closeSync } from "node:fs";
import { type Listener, limits } from "@heirloom/protocol";
import { keeperVariable } from "../keeper/link.js";
import { listeningAddress, socketInode } from "../listener/kernel.js";

/** What an init system sets for the process that it passes sockets to; void in every other one. */
export const activationVariables = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] as const;

export const firstActivatedDescriptor = 3;

/**
 * Takes the listening sockets that an init system passed on, as a parent's offer would name them, and the variables that tell
 * of them. Names that are missing or given twice get a number. What is no listening stream socket is left alone. A socket that comes
 * twice, from a socket unit and from the descriptor store, is taken once.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 */
export function takeActivated(env: NodeJS.ProcessEnv = process.env): Listener[] {
  const { LISTEN_FDS: count, LISTEN_PID: pid, LISTEN_FDNAMES: names } = env;
  // A keeper passes on what it was passed, before it can know the number of the process that it starts.
  const keeper = env[keeperVariable]?.split(":")[0];
  for (const variable of activationVariables) delete env[variable];
  if (
    pid === undefined ||
    (pid !== String(process.pid) && pid !== keeper) ||
    count === undefined ||
    !/^\d{1,4}$/.test(count)
  )
    return [];
  const listeners = new Map<string, Listener>();
  const inodes = new Set<string>();
  for (let index = 0; index < Number(count); index += 1) {
    const descriptor = firstActivatedDescriptor + index;
    const address = listeningAddress(descriptor);
    if (address === undefined) continue;
    const inode = socketInode(descriptor) ?? "";
    if (inodes.has(inode)) {
      closeSync(descriptor);
      continue;
    }
    inodes.add(inode);
    const given = names?.split(":")[index] || "unknown";
    const name = Buffer.byteLength(given) <= limits.nameBytesMax - 4 ? given : "unknown";
    const unique = listeners.has(name) ? `${name}#${index + 1}` : name;
    listeners.set(unique, { name: unique, address, descriptor });
  }
  return [...listeners.values()];
}
