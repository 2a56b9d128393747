import type { Service } from "../handoff/service.js";
import { firstListenerDescriptor } from "../process/spawn.js";
import type { DescriptorMessage } from "../syscalls/descriptor-message.js";
import type { Deposit } from "./message.js";

/** The listeners that a generation holds now, as its keeper is told of them. */
export function depositOf({ number: generation, listeners }: Service): DescriptorMessage {
  const offered = listeners.offer(firstListenerDescriptor);
  const deposit: Deposit = { type: "owner", generation, pid: process.pid, listeners: offered.listeners };
  return { bytes: Buffer.from(JSON.stringify(deposit)), descriptors: offered.descriptors };
}
