import { closeSync } from "node:fs";
import { type Deposit, keeperMessageBytesMax, type Syscalls } from "@heirloom/node-runtime/keeper";
import { isWhole } from "./reception.js";

export interface Letter {
  readonly deposit: Deposit;
  readonly descriptors: readonly number[];
}

/** What a generation that died before its deposit has left, and closes the box. Undefined: nothing, it had no listener yet. */
export function openLetterBox(syscalls: Syscalls, box: number): Letter | undefined {
  let last: Letter | undefined;
  try {
    for (;;) {
      const received = syscalls.receiveDescriptors(box, keeperMessageBytesMax);
      if (received === undefined || received.bytes.length === 0) return last;
      const { bytes, descriptors } = received;
      const deposit = JSON.parse(Buffer.from(bytes).toString()) as Deposit;
      const whole = isWhole(deposit, descriptors);
      const useless = whole ? last?.descriptors : descriptors;
      if (whole) last = { deposit, descriptors };
      for (const descriptor of useless ?? []) closeSync(descriptor);
    }
  } catch {
    return last;
  } finally {
    closeSync(box);
  }
}
