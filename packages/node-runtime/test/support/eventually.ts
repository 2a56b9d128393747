export const deadlineMs = 15_000;

/**
 * Waits for something that nobody tells of, such as a state of the kernel, by looking every few milliseconds.
 * Everything that is told of is waited for as an event instead.
 */
export async function eventually<T>(what: string, look: () => T | Promise<T>, ms = deadlineMs): Promise<T> {
  const until = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
