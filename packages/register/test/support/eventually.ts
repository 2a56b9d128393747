const deadlineMs = 20_000;

/** Waits for something that nobody tells of, by looking every few milliseconds. */
export async function eventually<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((again) => setTimeout(again, 10));
  }
}
