import type { Socket } from "node:net";
import type { Writable } from "node:stream";

/** On the socket, not in this module, which a process may have twice. */
const respondingSymbol = Symbol.for("heirloom.responding");

type Marked = Socket & { [respondingSymbol]?: Writable };

/** Notes that an HTTP/1.1 connection without a parser is in the middle of a response. */
export function markAsResponding(socket: Socket, stream: Writable): void {
  (socket as Marked)[respondingSymbol] = stream;
}

export function unmarkAsResponding(socket: Socket): void {
  delete (socket as Marked)[respondingSymbol];
}

/** Whether this is a connection of HTTP/1.1 on which a response of an earlier generation goes on. */
export function isResponding(connection: object): boolean {
  return (connection as Marked)[respondingSymbol] !== undefined;
}
