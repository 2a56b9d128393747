import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { FOLDER_VARIABLE } from "../victim/order.js";

/** What the kernel says about processes: nothing here asks the processes themselves. */

/** The state letter of /proc/PID/stat; undefined where there is no such process, or only its corpse. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const state = stat[stat.lastIndexOf(")") + 2];
    return state === "Z" || state === "X" ? undefined : state;
  } catch {
    return undefined;
  }
}

/**
 * Whether a process has closed what it had open. One of several threads is its corpse before the others have ended, and what
 * they have open is all of theirs.
 */
export function hasClosedAll(pid: number): boolean {
  if (stateOf(pid) !== undefined) return false;
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

/** What each open descriptor of a process is; undefined where it cannot be read. */
export function descriptorsOf(pid: number): Map<number, string> | undefined {
  try {
    const found = new Map<number, string>();
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      try {
        found.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`));
      } catch {
        // Closed this instant.
      }
    }
    return found;
  } catch {
    return undefined;
  }
}

/** Processes that were looked at and had nothing to do with a run: looking at each again and again takes long. */
const RUN_MARK = `${FOLDER_VARIABLE}=`;
const others = new Map<number, number>();
const OTHERS_FOR_MS = 3_000;

/** Processes with a text in their environment: all that a service has ever started, whoever their parent is now. */
export function processesWith(text: string): number[] {
  const found: number[] = [];
  const now = performance.now();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || (others.get(pid) ?? 0) > now) continue;
    try {
      const environment = environmentOf(pid);
      if (!environment.includes(RUN_MARK)) others.set(pid, now + OTHERS_FOR_MS);
      else if (environment.includes(text) && stateOf(pid) !== undefined) found.push(pid);
    } catch {
      // Somebody else's, or gone.
      others.set(pid, now + OTHERS_FOR_MS);
    }
  }
  return found;
}

const moment = new Int32Array(new SharedArrayBuffer(4));
const LOOKS_MAX = 50;

/**
 * A process in the middle of executing its program has no environment yet. Whose it is shows in a moment, and until then it
 * must not pass for somebody else's. What has no program either is the kernel's, or a corpse.
 */
function environmentOf(pid: number): string {
  for (let look = 1; ; look += 1) {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    if (environment !== "" || look === LOOKS_MAX) return environment;
    readlinkSync(`/proc/${pid}/exe`);
    Atomics.wait(moment, 0, 0, 1);
  }
}

/**
 * What a process has open, beyond the standard streams, that the programs which it starts would inherit: but for what this
 * process has inherited itself, and with it all that it has started.
 */
export function inheritable(pid: number): string[] {
  const found: string[] = [];
  const own = descriptorsOf(process.pid);
  for (const [descriptor, target] of descriptorsOf(pid) ?? []) {
    if (descriptor < 3 || own?.get(descriptor) === target) continue;
    try {
      const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1");
      const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? "0", 8);
      if ((flags & O_CLOEXEC) === 0) found.push(`descriptor ${descriptor} (${target})`);
    } catch {
      // Closed this instant.
    }
  }
  return found;
}

const O_CLOEXEC = 0o2000000;

/** Inode numbers of what a process waits for: a listening socket is among them if, and only if, the process accepts. */
export function watchedInodes(pid: number, epolls: readonly number[]): Set<string> {
  const found = new Set<string>();
  for (const descriptor of epolls) {
    try {
      const text = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1");
      for (const [, inode = ""] of text.matchAll(/ino:([0-9a-f]+)/g))
        found.add(String(Number.parseInt(inode, 16)));
    } catch {
      // Gone.
    }
  }
  return found;
}

export function epollsOf(pid: number): number[] {
  return [...(descriptorsOf(pid) ?? [])]
    .filter(([, what]) => what === "anon_inode:[eventpoll]")
    .map(([fd]) => fd);
}
