import { getSystemErrorName } from "node:util";

type Koffi = typeof import("koffi")["default"];

/** The C library, called through koffi. */
export interface CLibrary {
  readonly koffi: Koffi;
  readonly library: ReturnType<Koffi["load"]>;
  /** A new descriptor of the same socket or file, at least `lowest`, closed on exec. @throws Error with the system's error name */
  duplicate(descriptor: number, lowest: number): number;
  /** An error with the system's name for what went wrong as its `code`: by default in the last call. */
  failure(what: string, error?: number): Error;
}

/** fcntl(2) commands that duplicate with FD_CLOEXEC set: one atomic call, so that no child ever inherits the copy. */
const F_DUPFD_CLOEXEC: Partial<Record<NodeJS.Platform, number>> = { linux: 1030, darwin: 67 };

let loading: Promise<CLibrary | undefined> | undefined;

/** Whether this platform has system calls to offer, as far as can be said without loading anything. */
export function mayHaveSyscalls(): boolean {
  return F_DUPFD_CLOEXEC[process.platform] !== undefined && process.env.HEIRLOOM_SYSCALLS !== "none";
}

/**
 * Loads it, once; undefined where the platform has none. Costs about 10 ms: keep it off a child's way to ready.
 */
export function loadCLibrary(): Promise<CLibrary | undefined> {
  loading ??= load().catch(() => undefined);
  return loading;
}

async function load(): Promise<CLibrary | undefined> {
  const command = F_DUPFD_CLOEXEC[process.platform];
  if (command === undefined || !mayHaveSyscalls()) return undefined;
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const fcntl = library.func("int fcntl(int descriptor, int command, ...)");
  const failure = (what: string, error = koffi.errno()) => {
    const name = getSystemErrorName(-error);
    return Object.assign(new Error(`cannot ${what}: ${name}`), { code: name });
  };
  return {
    koffi,
    library,
    duplicate(descriptor, lowest) {
      const copy: number = fcntl(descriptor, command, "int", lowest);
      if (copy >= 0) return copy;
      throw failure(`duplicate descriptor ${descriptor}`);
    },
    failure,
  };
}
