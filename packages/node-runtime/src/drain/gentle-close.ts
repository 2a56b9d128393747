import type { Socket } from "node:net";

/** How long a client may take to close its side of a connection that was closed on this one. */
const lingerMs = 5_000;

/**
 * Closes an idle HTTP/1.1 connection so that a client that is just sending a request is never reset, and learns beyond
 * doubt that it was not processed: this side's end is said first (over TLS with close_notify), and what still comes is read and
 * thrown away until the client closes, too. Ending the socket alone would still run the handler, whose answer nobody gets.
 */
export function closeGently(socket: Socket): void {
  // Whoever listens for data beside Node takes the connection away from its HTTP parser.
  const read = socket.listeners("data") as ((chunk: Buffer) => void)[];
  socket.on("data", () => {});
  for (const listener of read) socket.removeListener("data", listener);
  socket.end();
  socket.resume();
  socket.setTimeout(0);
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}
