import { setTimeout } from "node:timers/promises";

const pollMs = 5;

type Look<T> = T | undefined | false;

/** Waits for something that nobody tells of, such as what the kernel says about a process, by looking again and again. */
export async function eventually<T>(
  what: string,
  look: () => Look<T> | Promise<Look<T>>,
  deadlineMs = 15_000,
): Promise<T> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await setTimeout(pollMs);
  }
}
