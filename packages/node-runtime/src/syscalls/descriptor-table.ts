import { closeSync, readFileSync } from "node:fs";
import type { CLibrary } from "./c-library.js";

/** Linux's fcntl(2), as everywhere where it has this table. */
const F_DUPFD_CLOEXEC = 1030;
const standardInput = 0;

/** For how many open descriptors a process has room; 0 where nobody can tell. */
export function descriptorRoom(pid: number = process.pid): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/^FDSize:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * Makes room for so many descriptors, if the limit on open files allows it. By itself the kernel doubles its table whenever that is full, and
 * whoever opens that descriptor waits until every processor has seen the new one: measured, 6 to 20 milliseconds each
 * time for a process with threads, as Node is one. Here a thread waits that clients do not wait for.
 */
export async function makeDescriptorRoom({ library }: CLibrary, wanted: number): Promise<void> {
  const fcntl = library.func("int fcntl(int descriptor, int command, int lowest)");
  for (let size = wanted; size > descriptorRoom(); size = Math.floor(size / 2)) {
    const last = await new Promise<number>((resolve) => {
      fcntl.async(standardInput, F_DUPFD_CLOEXEC, size - 1, (error: unknown, copy: number) =>
        resolve(error ? -1 : copy),
      );
    });
    if (last >= 0) return closeSync(last);
  }
}
