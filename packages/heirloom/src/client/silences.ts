import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "../exit-status.js";
import type { ControlSocket, Service } from "./service.js";

/** How long after a conversation that led nowhere the next one begins. */
const pauseMs = 250;
/** How long nobody may answer. */
const silenceMsMax = 10_000;

/**
 * Conversations that end before they lead anywhere. A process that died has a successor in a moment; one that has no
 * descriptors left ends each conversation as soon as it begins.
 */
export class Silences {
  #since: number | undefined;

  /** A conversation has ended. `told`: with an answer. */
  after(told: boolean): void {
    this.#since = told ? undefined : (this.#since ?? performance.now());
  }

  /**
   * Waits until it makes sense to ask again.
   * @throws CommandError where nobody has answered for long
   */
  async pause({ name }: Service, { generation, pid }: ControlSocket): Promise<void> {
    if (this.#since !== undefined && performance.now() - this.#since > silenceMsMax) {
      throw new CommandError(
        "unknown",
        `${name}: generation ${generation} (pid ${pid}) ends each conversation without an answer: see whether it has descriptors left (ulimit -n, LimitNOFILE=), and what is in its log`,
      );
    }
    await delay(pauseMs);
  }
}
