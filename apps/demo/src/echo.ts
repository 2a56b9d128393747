import type { Server } from "node:http";
import type { Generation } from "@heirloom/node-runtime";
import { moveWebSockets } from "@heirloom/ws";
import { type WebSocket, WebSocketServer } from "ws";

/**
 * WebSockets at `/echo`. Each message comes back with its number on this connection: `{"count":3,"generation":2,"text":"…"}`.
 * A restart moves the connection and the count; the client notices nothing but another generation.
 */
export function serveEcho(generation: Generation, server: Server): void {
  const sockets = new WebSocketServer({ server, path: "/echo", maxPayload: 1_024, perMessageDeflate: false });
  const counts = new Map<WebSocket, number>();

  const serve = (socket: WebSocket, countBefore: number) => {
    counts.set(socket, countBefore);
    socket.on("message", (data) => {
      const count = (counts.get(socket) ?? 0) + 1;
      counts.set(socket, count);
      socket.send(JSON.stringify({ count, generation: generation.number, text: String(data) }));
    });
    socket.on("error", () => {}); // a client that breaks the protocol: ws closes it
    socket.on("close", () => counts.delete(socket));
  };

  sockets.on("connection", (socket) => serve(socket, 0));
  moveWebSockets<number>(generation, sockets, {
    exportState: (socket) => {
      const count = counts.get(socket) ?? 0;
      counts.delete(socket);
      return count;
    },
    importState: serve,
  });
}
