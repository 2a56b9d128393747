import { getSystemErrorName } from "node:util";
import { type DescriptorMessage, loadDescriptorMessages } from "./syscalls/descriptor-message.js";

/** What Node has no public way to do. One seam, one implementation. */
export interface Syscalls {
  /** A new descriptor of the same socket or file, closed on exec. @throws Error with the system's error name */
  duplicate(descriptor: number): number;
  /**
   * Sends copies of 1 to 253 descriptors over a Unix-domain socket, with some bytes: all of it, or nothing.
   * False: the socket's buffer is full. @throws Error with the system's error name
   */
  sendDescriptors(socket: number, message: DescriptorMessage): boolean;
  /**
   * What one `sendDescriptors` sent, bytes up to `bytesMax`; undefined where nothing waits. A process at its limit of
   * open files gets fewer descriptors, without an error. They are closed on exec. @throws Error with the system's error name
   */
  receiveDescriptors(socket: number, bytesMax: number): DescriptorMessage | undefined;
}

/** fcntl(2) commands that duplicate with FD_CLOEXEC set: one atomic call, so that no child ever inherits the copy. */
const F_DUPFD_CLOEXEC: Partial<Record<NodeJS.Platform, number>> = { linux: 1030, darwin: 67 };

let loading: Promise<Syscalls | undefined> | undefined;

/** Whether this platform has the seam, as far as can be said without loading it. */
export function mayHaveSyscalls(): boolean {
  return F_DUPFD_CLOEXEC[process.platform] !== undefined && process.env.HEIRLOOM_SYSCALLS !== "none";
}

/**
 * Loads the seam, once; undefined where the platform has none. Costs about 10 ms: keep it off a child's way to ready.
 */
export function loadSyscalls(): Promise<Syscalls | undefined> {
  loading ??= load().catch(() => undefined);
  return loading;
}

async function load(): Promise<Syscalls | undefined> {
  const command = F_DUPFD_CLOEXEC[process.platform];
  if (command === undefined || !mayHaveSyscalls()) return undefined;
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const fcntl = library.func("int fcntl(int descriptor, int command, ...)");
  const failed = (what: string) => {
    const name = getSystemErrorName(-koffi.errno());
    return Object.assign(new Error(`cannot ${what}: ${name}`), { code: name });
  };
  return {
    duplicate(descriptor) {
      // The third argument is the lowest number that may be used: never one of the standard streams.
      const copy: number = fcntl(descriptor, command, "int", 3);
      if (copy >= 0) return copy;
      throw failed(`duplicate descriptor ${descriptor}`);
    },
    ...loadDescriptorMessages(koffi, library, failed),
  };
}
