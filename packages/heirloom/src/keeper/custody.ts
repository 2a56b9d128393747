import { closeSync } from "node:fs";
import type { Deposit } from "@heirloom/node-runtime/keeper";

/** Sockets that an init system passed to the keeper, and the variables that tell a service of them. */
export interface Activated {
  readonly sockets: readonly number[];
  readonly variables: Readonly<Record<string, string>>;
}

/** The listeners of a service, as its owner deposited them last: open in the kernel whoever dies. */
export class Custody {
  #deposit: Deposit | undefined;
  #descriptors: readonly number[] = [];
  #activated: Activated;

  constructor(activated: Activated) {
    this.#activated = activated;
  }

  /** For a generation that is started before there is a deposit. */
  get activated(): Activated {
    return this.#activated;
  }

  get deposit(): Deposit | undefined {
    return this.#deposit;
  }

  get descriptors(): readonly number[] {
    return this.#descriptors;
  }

  /** Holds these instead of what was held before. */
  take(deposit: Deposit, descriptors: readonly number[]): void {
    this.release();
    this.#deposit = deposit;
    this.#descriptors = descriptors;
  }

  /** Holds nothing any more. */
  release(): void {
    for (const descriptor of [...this.#descriptors, ...this.#activated.sockets]) closeSync(descriptor);
    this.#deposit = undefined;
    this.#descriptors = [];
    this.#activated = { sockets: [], variables: {} };
  }
}
