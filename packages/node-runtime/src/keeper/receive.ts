import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Syscalls } from "../syscalls.js";
import { keeperMessageBytesMax } from "./message.js";

const deadlineMs = 5_000;
const lookEveryMs = 5;

/**
 * The first message on a socket that nobody else reads, with its descriptors. Node cannot tell when it comes without taking
 * the descriptors away, so it is looked for.
 */
export async function receiveFirst(
  syscalls: Syscalls,
  socket: number,
): Promise<{ message: unknown; descriptors: readonly number[] }> {
  for (let left = deadlineMs / lookEveryMs; left > 0; left -= 1) {
    const received = syscalls.receiveDescriptors(socket, keeperMessageBytesMax);
    if (received !== undefined) {
      const { bytes, descriptors } = received;
      if (bytes.length === 0) throw new Error("the other side has left");
      return { message: JSON.parse(Buffer.from(bytes).toString()), descriptors };
    }
    await delay(lookEveryMs, undefined, { ref: false });
  }
  throw new Error(`the other side said nothing within ${deadlineMs} ms`);
}

/** The messages that follow, each in a line of its own. */
export function receiveRest(socket: Socket, take: (message: unknown) => void): void {
  const lines = createInterface({ input: socket });
  // It repeats those of the socket, whose end is seen in any case.
  lines.on("error", () => {});
  lines.on("line", (line) => take(JSON.parse(line)));
}
