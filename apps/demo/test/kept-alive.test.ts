import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { KeptAliveClient } from "../src/load/kinds/kept-alive.js";
import { listen, onRequest, response } from "./misbehaving-server.js";

async function client(onConnection: (socket: Socket) => void): Promise<KeptAliveClient> {
  const client = new KeptAliveClient(await listen(onConnection));
  onTestFinished(() => client.close());
  return client;
}

async function failureClasses(client: KeptAliveClient, requests: number): Promise<(string | undefined)[]> {
  const classes: (string | undefined)[] = [];
  for (let request = 0; request < requests; request += 1) {
    classes.push((await client.request()).failure?.failureClass);
  }
  return classes;
}

it("one connection serves all requests while nobody closes it", async () => {
  const kept = await client((socket) => {
    onRequest(socket, (_number, requestId) => socket.write(response({ requestId })));
  });
  expect(await failureClasses(kept, 5)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  expect(kept.connections).toEqual({ opened: 1, closeAnnounced: 0, closedWhileIdle: 0 });
});

it("a connection that ends with Connection: close is an orderly end, and a new one is opened", async () => {
  const kept = await client((socket) => {
    onRequest(socket, (number, requestId) => {
      if (number < 2) socket.write(response({ requestId }));
      else socket.end(response({ requestId, headers: "Connection: close\r\n" }));
    });
  });
  expect(await failureClasses(kept, 4)).toEqual([undefined, undefined, undefined, undefined]);
  expect(kept.connections).toEqual({ opened: 2, closeAnnounced: 1, closedWhileIdle: 0 });
});

const closings: [string, (socket: Socket) => void][] = [
  ["closed", (socket) => socket.end()],
  ["reset", (socket) => socket.resetAndDestroy()],
];
it.each(closings)("a connection that is %s under a written request is a failure", async (_how, end) => {
  const kept = await client((socket) => {
    onRequest(socket, (number, requestId) => {
      if (number < 2) socket.write(response({ requestId }));
      else end(socket);
    });
  });
  expect(await failureClasses(kept, 3)).toEqual([undefined, "keptAliveClosed", undefined]);
  expect(kept.connections).toEqual({ opened: 2, closeAnnounced: 0, closedWhileIdle: 0 });
});

it("a connection that is closed between two requests is counted, and is no failure", async () => {
  const closings: Promise<unknown>[] = [];
  const kept = await client((socket) => {
    closings.push(once(socket, "close"));
    onRequest(socket, (_number, requestId) => socket.end(response({ requestId })));
  });
  const first = await kept.request();
  await closings[0]; // both ends are closed: the client has seen it
  const second = await kept.request();
  expect([first.failure, second.failure]).toEqual([undefined, undefined]);
  expect(kept.connections).toEqual({ opened: 2, closeAnnounced: 0, closedWhileIdle: 1 });
});

it("an answer that nobody asked for fails the next request", async () => {
  const sockets: Socket[] = [];
  const kept = await client((socket) => {
    sockets.push(socket);
    onRequest(socket, (_number, requestId) => socket.write(response({ requestId })));
  });
  const first = await kept.request();
  const [socket] = sockets as [Socket];
  socket.end(response({ requestId: "unasked" }));
  await once(socket, "close");
  const second = await kept.request();
  expect([first.failure?.failureClass, second.failure?.failureClass]).toEqual([undefined, "wrongBody"]);
  expect(kept.connections).toEqual({ opened: 1, closeAnnounced: 0, closedWhileIdle: 0 });
});

it("a new connection that is reset is counted as reset, not as a kept-alive one", async () => {
  const kept = await client((socket) => onRequest(socket, () => socket.resetAndDestroy()));
  expect(await failureClasses(kept, 2)).toEqual(["reset", "reset"]);
});
