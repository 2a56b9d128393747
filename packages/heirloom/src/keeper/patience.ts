/** How long a generation has to serve to count as one that can. */
const provenAfterMs = 10_000;
const delayMsMax = 30_000;

/**
 * How long to wait before a generation that died is replaced: not at all the first time, so that nobody waits for a crash that
 * comes once; and longer each time for a release that cannot serve, up to a limit.
 */
export class Patience {
  readonly #crashesMax: number;
  #crashes = 0;

  /** @param crashesMax after how many crashes in a row nothing is started any more */
  constructor(crashesMax: number) {
    this.#crashesMax = crashesMax;
  }

  /**
   * A generation died after this many milliseconds. Returns how long to wait before the next one is started;
   * undefined: it is pointless.
   */
  crashed(afterMs: number): number | undefined {
    this.#crashes = afterMs >= provenAfterMs ? 1 : this.#crashes + 1;
    if (this.#crashes > this.#crashesMax) return undefined;
    return this.#crashes === 1 ? 0 : Math.min(250 * 2 ** (this.#crashes - 2), delayMsMax);
  }
}
