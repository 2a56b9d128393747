import { readFileSync } from "node:fs";

/** Every process that was started as a generation, or was owner: also those that will never be owner again, and finish what they accepted. */
export class Generations {
  /** When each began, which tells it from one that gets its number later. */
  readonly #began = new Map<number, string>();

  add(pid: number): void {
    const began = beginOf(pid);
    if (began !== undefined) this.#began.set(pid, began);
  }

  /** Those that are still there. */
  get alive(): readonly number[] {
    for (const [pid, began] of this.#began) if (beginOf(pid) !== began) this.#began.delete(pid);
    return [...this.#began.keys()];
  }
}

/** On the system's clock; undefined: there is no such process, or it is dead. */
function beginOf(pid: number): string | undefined {
  try {
    // Behind the name in parentheses, which may hold anything.
    const [, fields = ""] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    const [state = "", ...rest] = fields.split(" ");
    return "ZX".includes(state) ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
