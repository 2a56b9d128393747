/** Turns of the event loop: one to accept who waits in the kernel's queue, one to read the request, one to spare. */
const turns = 3;

/**
 * Runs what can wait once those that waited for this generation have been answered: whatever a new owner does first, they
 * wait for it.
 */
export function afterWaitingClients(work: () => void, left = turns): void {
  setImmediate(() => (left > 1 ? afterWaitingClients(work, left - 1) : work()));
}

/**
 * Runs what is decided about others once all that has come by now was read, the news of their death included. A turn of the
 * event loop begins with its timers: to a process that stood still for a while, everybody has been silent for as long.
 */
export function afterReading(work: () => void): void {
  setImmediate(work);
}
