export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition of the world outside, which nobody announces. False: it did not come in time. */
export async function eventually(condition: () => boolean, withinMs: number, everyMs = 10): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await pause(everyMs);
  }
  return true;
}
