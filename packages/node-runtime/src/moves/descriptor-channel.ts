import { closeSync } from "node:fs";
import type { Syscalls } from "../syscalls.js";

/** How a batch's number travels beside its descriptors: u32, big-endian. @see spec/v1/connections.md */
const numberBytes = 4;

/** Sends a batch's descriptors. False: they could not be sent now, and nobody has them. */
export function sendBatch(
  syscalls: Syscalls,
  channel: number,
  batch: number,
  descriptors: readonly number[],
): boolean {
  const bytes = Buffer.alloc(numberBytes);
  bytes.writeUInt32BE(batch);
  try {
    return syscalls.sendDescriptors(channel, { bytes, descriptors });
  } catch {
    // The peer is gone, which its exit tells, or one of the sockets closed just now: nobody has any of them.
    return false;
  }
}

/** A batch's descriptors, or those of them that arrived. What an earlier batch left behind is closed. */
export function receiveBatch(syscalls: Syscalls, channel: number, batch: number): number[] {
  for (;;) {
    const message = receive(syscalls, channel);
    if (message === undefined || message.bytes.length < numberBytes) return [];
    if (message.bytes.readUInt32BE() === batch) return [...message.descriptors];
    closeAll(message.descriptors);
  }
}

function receive(syscalls: Syscalls, channel: number) {
  try {
    const message = syscalls.receiveDescriptors(channel, numberBytes);
    return message && { ...message, bytes: Buffer.from(message.bytes) };
  } catch {
    return undefined;
  }
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}
