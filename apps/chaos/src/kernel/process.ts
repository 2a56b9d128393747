import { readdirSync, readFileSync, readlinkSync } from "node:fs";

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

export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
  } catch {
    return undefined;
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

/** Processes with a text in their environment: all that a service has ever started, whoever their parent is now. */
export function processesWith(text: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (
        readFileSync(`/proc/${name}/environ`, "latin1").includes(text) &&
        stateOf(Number(name)) !== undefined
      ) {
        found.push(Number(name));
      }
    } catch {
      // Somebody else's, or gone.
    }
  }
  return found;
}

/** Processes other than the given ones that have one of these sockets open. */
export function strangersWith(inodes: ReadonlySet<string>, known: ReadonlySet<number>): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || known.has(pid)) continue;
    for (const target of descriptorsOf(pid)?.values() ?? []) {
      if (target.startsWith("socket:[") && inodes.has(target.slice(8, -1))) {
        found.push(pid);
        break;
      }
    }
  }
  return found;
}

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
