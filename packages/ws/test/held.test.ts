import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Movable, PausedConnection } from "@heirloom/node-runtime";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createWebSocketStream, WebSocket, WebSocketServer } from "ws";
import { decodeParting, type Parting } from "../../node-runtime/src/moves/sockets/parting.js";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import { moveWebSockets } from "../src/index.js";
import { socketOf } from "../src/ws-internals.js";

/* A WebSocket on its way, in one process. */

let ws: WebSocket;
let client: WebSocket;
let movable: Movable;
let seen: string[];

beforeEach(async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const generation = {
    move(moved: Movable) {
      movable = moved;
    },
    on() {},
    onResume() {},
  };
  moveWebSockets(generation as never, server, { exportState: () => 1, importState: () => {} });
  movable.begin(
    () => {},
    () => "web",
  );
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  [ws] = (await once(server, "connection")) as [WebSocket];
  await once(client, "open");
  seen = [];
  onTestFinished(() => {
    client.terminate();
    ws.terminate();
    http.close();
  });
});

const pause = () => movable.pause(1, new Set(["web"]))[0] as PausedConnection;
const part = ({ late }: PausedConnection) => decodeParting(late?.() ?? []) as Parting;
const turns = () => new Promise((resolve) => setTimeout(resolve, 50));

/** The application has paused it, and these wait in its connection's buffer. */
async function waiting(...messages: string[]): Promise<void> {
  ws.pause();
  for (const message of messages) client.send(message);
  const bytes = messages.reduce((sum, { length }) => sum + length + 6, 0);
  await eventually("they have come", () => (socketOf(ws) as Socket).readableLength === bytes);
}

// Red when reading is not held: the parent's receiver gets what is the child's to read.
test("INV-4: a WebSocket that is resumed while it is on its way takes along what waits", async () => {
  ws.on("message", (data) => seen.push(String(data)));
  await waiting("one", "two");
  const paused = pause();
  ws.resume();
  await turns();
  const { fate, state, unread } = part(paused);
  expect(seen).toEqual([]);
  expect(fate).toBe("goesOn");
  expect(unread).toHaveLength(18);
  expect(JSON.parse(Buffer.from(state).toString())).toMatchObject([1, { paused: false, state: 1 }]);
});

test("INV-4: a WebSocket that is resumed while it is on its way, and stays, gets what waits", async () => {
  ws.on("message", (data) => seen.push(String(data)));
  await waiting("one", "two");
  const paused = pause();
  ws.resume();
  await turns();
  expect(seen).toEqual([]);
  paused.resume();
  await eventually("they are read", () => seen.length === 2);
});

// Red when reading is not held.
test("INV-4: a WebSocket that is read as a stream takes along what waits", async () => {
  const stream = createWebSocketStream(ws).on("error", () => {});
  await waiting("one");
  const paused = pause();
  stream.on("data", (data) => seen.push(String(data)));
  await turns();
  expect(part(paused).unread).toHaveLength(9);
  expect(seen).toEqual([]);
});

// Red without the look: the child would take the rest of a message for the head of one.
test("a WebSocket of which something was read while it was on its way is closed with 1012", async () => {
  const paused = pause();
  const warned = once(process, "warning");
  // Nobody should know of it.
  (ws as unknown as { _receiver: { write(bytes: Buffer): void } })._receiver.write(Buffer.from([0x81]));
  const { state } = part(paused);
  expect(JSON.parse(Buffer.from(state).toString())).toMatchObject([1, { close: true }]);
  expect(String((await warned)[0])).toMatch(/closed with 1012: exportState: part of a message was read/);
});
