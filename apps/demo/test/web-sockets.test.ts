import { expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { clientCounts } from "../src/load/client-counts.js";
import { WebSocketClient } from "../src/load/kinds/web-sockets.js";

/** A client of a service that does this with the message of this number. */
async function client(onMessage: (socket: WebSocket, number: number) => void): Promise<WebSocketClient> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("message", (data) => onMessage(socket, Number(String(data))));
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const client = new WebSocketClient({
    host: "127.0.0.1",
    port: (server.address() as { port: number }).port,
  });
  onTestFinished(() => {
    client.close();
    server.close();
  });
  return client;
}

const echo = (socket: WebSocket, number: number, count = number) =>
  socket.send(JSON.stringify({ count, generation: 1, text: String(number) }));

it("a WebSocket that stays open echoes each message once", async () => {
  const sockets = await client((socket, number) => echo(socket, number));
  expect([(await sockets.request()).failure, (await sockets.request()).failure]).toEqual([
    undefined,
    undefined,
  ]);
  expect(sockets.messages).toEqual({ sent: 6, lost: 0, doubled: 0 });
  expect(sockets.survives).toBe(true);
});

it("messages that are not echoed when it closes are lost, and it has not survived", async () => {
  const sockets = await client((socket, number) => (number < 2 ? echo(socket, number) : socket.close(1012)));
  expect((await sockets.request()).failure?.failureClass).toBe("keptAliveClosed");
  expect(sockets.messages).toEqual({ sent: 3, lost: 2, doubled: 0 });
  expect(sockets.survives).toBe(false);
});

it("an echo that is left out is a message lost", async () => {
  const sockets = await client((socket, number) => {
    if (number !== 2) echo(socket, number);
  });
  expect((await sockets.request()).failure?.failureClass).toBe("wrongBody");
  expect(sockets.messages.lost).toBeGreaterThan(0);
});

it("a message that is echoed twice is counted, and fails", async () => {
  const sockets = await client((socket, number) => {
    echo(socket, number);
    if (number === 2) echo(socket, number);
  });
  expect((await sockets.request()).failure?.failureClass).toBe("wrongBody");
  expect(sockets.messages.doubled).toBe(1);
});

it("a service that has forgotten how many messages it had fails", async () => {
  const sockets = await client((socket, number) => echo(socket, number, number > 2 ? 1 : number));
  expect((await sockets.request()).failure?.message).toBe("message 3 is number 1 to the service");
});

it.each([1001, 1012])(
  "a WebSocket that is closed with %i between two messages ended in order, and a new one is opened",
  async (code) => {
    const sockets = await client((socket, number) => {
      echo(socket, number);
      if (number === 3) socket.close(code);
    });
    await sockets.request();
    await expect.poll(() => sockets.connections.closeAnnounced).toBe(1);
    expect((await sockets.request()).failure).toBeUndefined();
    expect(sockets.connections).toMatchObject({ opened: 2, closedWhileIdle: 0 });
    expect(sockets.messages).toEqual({ sent: 6, lost: 0, doubled: 0 });
  },
);

it("there are as many idle connections as a process may open files, with room for the rest", () => {
  expect(clientCounts(1_024).idle).toBe(624);
  expect(clientCounts(256).idle).toBe(0);
  expect(clientCounts(Number.POSITIVE_INFINITY).idle).toBe(2_000);
});
