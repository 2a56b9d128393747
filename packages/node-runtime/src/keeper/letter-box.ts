import { closeSync } from "node:fs";
import type { Service } from "../handoff/service.js";
import { isSocket } from "../process/environment.js";
import { loadSyscalls } from "../syscalls.js";
import { depositOf } from "./deposit.js";

/** Carries the number of the descriptor of the letter box. */
export const letterBoxVariable = "HEIRLOOM_LETTER_BOX";

/**
 * Where a first generation leaves its listeners before anybody is accepted. The keeper looks into it only if the generation dies
 * before it has made its deposit: until then they wait in the kernel, in whichever state both processes are.
 */
export class LetterBox {
  #descriptor: number | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Takes it out of the environment; undefined where there is none. */
  static take(env: NodeJS.ProcessEnv = process.env): LetterBox | undefined {
    const descriptor = Number(env[letterBoxVariable]);
    delete env[letterBoxVariable];
    return isSocket(descriptor) ? new LetterBox(descriptor) : undefined;
  }

  /** Leaves all listeners of this generation, in place of those that were left before. */
  async leave(service: Service): Promise<void> {
    const syscalls = await loadSyscalls();
    if (this.#descriptor === undefined || syscalls === undefined) return;
    try {
      syscalls.sendDescriptors(this.#descriptor, depositOf(service));
    } catch {
      // The keeper is dead, or the box is full: what comes is the deposit.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
