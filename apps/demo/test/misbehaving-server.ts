import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Target } from "../src/load/connection.js";

/** Listens on a free port until the test is over; `onConnection` decides how to misbehave. */
export async function listen(onConnection: (socket: Socket) => void): Promise<Target> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // the client may leave as rudely as the server
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: "127.0.0.1", port: (server.address() as { port: number }).port };
}

/** Calls back with each request's number on this connection, and its id, once its head is complete. */
export function onRequest(socket: Socket, answer: (number: number, requestId: string) => void): void {
  let seen = "";
  let number = 0;
  socket.on("data", (chunk) => {
    seen += chunk.toString("latin1");
    const end = seen.indexOf("\r\n\r\n");
    if (end < 0) return;
    const requestId = /x-request-id: (\S+)/.exec(seen.slice(0, end))?.[1] ?? "";
    seen = seen.slice(end + 4);
    number += 1;
    answer(number, requestId);
  });
}

export interface Answer {
  status?: string;
  requestId: string;
  body?: string;
  headers?: string;
}

/** The bytes of a response, correct where nothing else is said. */
export function response({ status = "200 OK", requestId, body, headers = "" }: Answer): string {
  const text = body ?? '{"pid":7,"generation":3,"uptimeMs":1}';
  return `HTTP/1.1 ${status}\r\nx-request-id: ${requestId}\r\n${headers}content-length: ${text.length}\r\n\r\n${text}`;
}
