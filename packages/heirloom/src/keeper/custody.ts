import { closeSync } from "node:fs";
import type { Deposit } from "@heirloom/node-runtime/keeper";

/** The listeners of a service, as its owner deposited them last: open in the kernel whoever dies. */
export class Custody {
  #deposit: Deposit | undefined;
  #descriptors: readonly number[] = [];

  get deposit(): Deposit | undefined {
    return this.#deposit;
  }

  get descriptors(): readonly number[] {
    return this.#descriptors;
  }

  take(deposit: Deposit, descriptors: readonly number[]): void {
    const before = this.#descriptors;
    this.#deposit = deposit;
    this.#descriptors = descriptors;
    for (const descriptor of before) closeSync(descriptor);
  }
}
