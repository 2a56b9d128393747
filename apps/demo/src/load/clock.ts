/**
 * Milliseconds of the machine's monotonic clock. All processes of one machine read the same clock, so that a client's
 * moments can be compared with the restarter's.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
