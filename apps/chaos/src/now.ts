/**
 * Milliseconds since the machine was started, with fractions: one clock for all processes of a run. Nobody sets it, as they do the
 * time of day, from which each process keeps the difference that there was when it was started.
 */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
