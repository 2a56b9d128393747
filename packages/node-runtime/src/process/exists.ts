import { readFileSync } from "node:fs";

/** Whether there is a process of this number: anybody's, and also one that is dead and not yet collected. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether a process of this number is alive. */
export function lives(pid: number): boolean {
  if (!exists(pid)) return false;
  if (process.platform !== "linux") return true;
  try {
    // A process that is dead and not yet collected still has its number: state Z, behind the name in parentheses.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
