import type { ServerResponse } from "node:http";
import { Server, type Socket } from "node:net";

/*
 * The private parts of Node that this package touches, all of them. Each is read, or replaced on one object, where no
 * public way exists on every supported line, and each is missing harmlessly: see the tests beside this file.
 */

/**
 * What servers do by themselves, whatever a program, or a preload that stands in for it, puts in its place: taken when
 * this module is loaded, which a preload does before it changes anything.
 */
export const netServer = {
  listen: Server.prototype.listen as (
    this: Server,
    options: { readonly fd: number },
    backlog: number | undefined,
  ) => Server,
  close: Server.prototype.close,
  isListening: (server: Server): boolean => listening.call(server),
};
const listening = Object.getOwnPropertyDescriptor(Server.prototype, "listening")?.get as (
  this: Server,
) => boolean;

/** The descriptor that a server listens on. */
export function descriptorOf(server: Server): number | undefined {
  const { _handle: handle } = server as unknown as { _handle: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

/**
 * Closes the listening handle and nothing else. `http.Server.close` would also destroy idle connections, and on
 * current lines those that have been accepted and have not sent a byte. The server emits no `close`: it is not over.
 */
export function closeListeningHandle(server: Server): void {
  const patched = server as unknown as { _emitCloseIfDrained?: () => void };
  patched._emitCloseIfDrained = () => {};
  netServer.close.call(server);
}

/** Lets a server emit `close` again, once its last connection has gone. */
export function allowCloseEvent(server: Server): void {
  const patched = server as unknown as { _emitCloseIfDrained?: () => void };
  delete patched._emitCloseIfDrained;
}

/** The response that is being written on an HTTP/1.1 connection. */
export function currentResponse(socket: Socket): ServerResponse | undefined {
  return (socket as unknown as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}
