import { getSystemErrorName } from "node:util";

/** What Node has no public way to do. One seam, one implementation. */
export interface Syscalls {
  /** A new descriptor of the same socket or file, closed on exec. @throws Error with the system's error name */
  duplicate(descriptor: number): number;
}

/** fcntl(2) commands that duplicate with FD_CLOEXEC set: one atomic call, so that no child ever inherits the copy. */
const F_DUPFD_CLOEXEC: Partial<Record<NodeJS.Platform, number>> = { linux: 1030, darwin: 67 };

let loading: Promise<Syscalls | undefined> | undefined;

/**
 * Loads the seam, once; undefined where the platform has none. Costs about 10 ms: keep it off a child's way to ready.
 */
export function loadSyscalls(): Promise<Syscalls | undefined> {
  loading ??= load().catch(() => undefined);
  return loading;
}

async function load(): Promise<Syscalls | undefined> {
  const command = F_DUPFD_CLOEXEC[process.platform];
  if (command === undefined || process.env.HEIRLOOM_SYSCALLS === "none") return undefined;
  const { default: koffi } = await import("koffi");
  const fcntl = koffi.load(null).func("int fcntl(int descriptor, int command, ...)");
  return {
    duplicate(descriptor) {
      // The third argument is the lowest number that may be used: never one of the standard streams.
      const copy: number = fcntl(descriptor, command, "int", 3);
      if (copy >= 0) return copy;
      const name = getSystemErrorName(-koffi.errno());
      throw Object.assign(new Error(`cannot duplicate descriptor ${descriptor}: ${name}`), { code: name });
    },
  };
}
