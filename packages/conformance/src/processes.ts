import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Marks everything that a scenario starts, through every generation: children inherit it. */
export const markVariable = "HEIRLOOM_TEST_RUN";

/** The live processes with this mark; a zombie is dead, and has no environment. */
export function processesOf(mark: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`${markVariable}=${mark}`));
}

/**
 * By its state: the environment is empty for a moment also while a process executes another program. A process whose first
 * thread has ended lives on in the others: only after the last of them its parent can learn of its exit.
 */
export function isAlive(pid: number): boolean {
  return !["", "Z", "X"].includes(stateOf(pid)) || Number(statusOf(pid, "Threads")) > 1;
}

export function isStopped(pid: number): boolean {
  return stateOf(pid) === "T";
}

const stateOf = (pid: number): string => statusOf(pid, "State");

function statusOf(pid: number, key: "State" | "Threads"): string {
  try {
    return new RegExp(`^${key}:\\s+(\\S+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** Whether a process has waited for a child of its own: the kernel adds up the page faults of those, and nobody starts without. */
export function hasCollectedAChild(pid: number): boolean {
  // Behind the name, which may contain anything: state, parent, group, session, terminal, its group, flags, faults, children's faults.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[8]) > 0;
}

/** The ports of the clients whose TCP connections over IPv4 a process has. Stop it first, so that it gets no more of them. */
export function clientPortsOf(pid: number): Set<number> {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1],
    ),
  );
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const held = fields.filter(([, , , , , , , , , inode]) => inodes.has(inode));
  return new Set(held.map(([, , remote = ""]) => Number.parseInt(remote.split(":")[1] as string, 16)));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed meanwhile.
    return "";
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    // Gone meanwhile, or another user's.
    return [];
  }
}
