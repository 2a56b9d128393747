import { loadCLibrary } from "./syscalls/c-library.js";
import { type DescriptorMessage, loadDescriptorMessages } from "./syscalls/descriptor-message.js";

export { mayHaveSyscalls } from "./syscalls/c-library.js";

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

let loading: Promise<Syscalls | undefined> | undefined;

/** Loads the seam, once; undefined where the platform has none. */
export function loadSyscalls(): Promise<Syscalls | undefined> {
  loading ??= load().catch(() => undefined);
  return loading;
}

async function load(): Promise<Syscalls | undefined> {
  const c = await loadCLibrary();
  if (c === undefined) return undefined;
  return {
    // Never one of the standard streams.
    duplicate: (descriptor) => c.duplicate(descriptor, 3),
    ...loadDescriptorMessages(c),
  };
}
