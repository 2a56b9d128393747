import type { Connection } from "../node-internals.js";

/** Whether this is the decrypted side of a connection: its keys are in this process, and it cannot move. */
export function isEncrypted(connection: Connection): boolean {
  return "encrypted" in connection;
}
