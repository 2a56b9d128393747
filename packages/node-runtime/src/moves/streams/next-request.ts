import type { Server } from "node:http";
import type { Socket } from "node:net";

/** On the server, not in this module, which a process may have twice. */
const takeUpSymbol = Symbol.for("heirloom.takeUp");

/** Takes a connection that waits for its next request; false where that has come, or where the answer is not written yet. */
type TakeUp = (socket: Socket) => boolean;

export function takeUpWith(server: object, takeUp: TakeUp): void {
  (server as { [takeUpSymbol]?: TakeUp })[takeUpSymbol] = takeUp;
}

/**
 * Goes on with a connection on which a response of an earlier generation has ended. Its server would take it for one that has just
 * come, and answer its silence with 408.
 */
export function awaitNextRequest(server: Server & { [takeUpSymbol]?: TakeUp }, socket: Socket): void {
  if (server[takeUpSymbol]?.(socket)) return;
  server.emit("connection", socket);
  socket.resume();
}
