import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A file of the kernel's; undefined where there is none, or none for this user. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export function readProcLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function descriptorCount(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** The soft limit of open files of a process; Infinity for unlimited. */
export function openFilesMax(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/** A process's number in the innermost of its PID namespaces, such as that of its container. */
export function innermostPid(status: string): number | undefined {
  const [, numbers] = /^NSpid:\s+(.*)$/m.exec(status) ?? [];
  return numbers === undefined ? undefined : Number(numbers.trim().split(/\s+/).at(-1));
}

/** The systemd unit of a service that this control group belongs to; undefined for sessions of people. */
export function serviceUnit(cgroup: string): string | undefined {
  const [, unit] = /\/([^/\n]+\.service)(?:\/|$)/m.exec(cgroup) ?? [];
  return unit === undefined || unit.startsWith("user@") ? undefined : unit;
}

export function availableBytes(meminfo: string): number | undefined {
  const [, kilobytes] = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}
