import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { eventually } from "../../node-runtime/test/support/eventually.js";
import {
  adopt,
  extensionsOf,
  isBetweenMessages,
  isKnown,
  isStateless,
  silence,
  socketOf,
} from "../src/ws-internals.js";

/*
 * Everything about ws that is no promise of its. A failure here says that the installed version has changed something: look at
 * what it is called or means now, change src/ws-internals.ts, and only then raise the version.
 */

async function pair(perMessageDeflate: boolean | object = false) {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, ["a"], {
    perMessageDeflate,
  });
  const [ws, request] = (await once(server, "connection")) as [WebSocket, IncomingMessage];
  await once(client, "open");
  onTestFinished(() => {
    client.terminate();
    ws.terminate();
    http.close();
  });
  return { server, client, ws, request, raw: (client as unknown as { _socket: Socket })._socket };
}

test("everything is where it is looked for", async () => {
  const { ws } = await pair();
  expect(isKnown(ws)).toBe(true);
  expect(socketOf(ws)).toBe((ws as unknown as { _socket: Socket })._socket);
  expect(isBetweenMessages(ws)).toBe(true);
});

test("a WebSocket with anything missing is none that is known", async () => {
  const { ws } = await pair();
  const { _receiver } = ws as unknown as { _receiver: object };
  (ws as unknown as { _receiver: object })._receiver = { ..._receiver, _fragmented: undefined };
  expect(isKnown(ws)).toBe(false);
  expect(socketOf(ws)).toBeUndefined();
  (ws as unknown as { _receiver: object })._receiver = _receiver;
});

test.each([
  ["one byte of a head", [0x81]],
  ["a head without its payload", [0x81, 0x85, 1, 2, 3, 4]],
  ["part of a payload", [0x81, 0x85, 1, 2, 3, 4, 5]],
  ["a long length, half told", [0x81, 0xfe, 1]],
  ["the first part of a message", [0x01, 0x81, 0, 0, 0, 0, 65]],
] as const)("not between messages: %s has come", async (_, bytes) => {
  const { ws, raw } = await pair();
  raw.write(Buffer.from(bytes));
  await eventually("it has been read", () => !isBetweenMessages(ws));
});

test("between messages again once the rest has come", async () => {
  const { ws, raw } = await pair();
  raw.write(Buffer.from([0x01, 0x81, 0, 0, 0, 0, 65]));
  await eventually("it has been read", () => !isBetweenMessages(ws));
  raw.write(Buffer.from([0x80, 0x81, 0, 0, 0, 0, 66]));
  expect(String((await once(ws, "message"))[0])).toBe("AB");
  expect(isBetweenMessages(ws)).toBe(true);
});

test("not between messages: a message is being sent in parts, compressed, or the handshake of closing is under way", async () => {
  const { ws } = await pair();
  ws.send("a", { fin: false });
  expect(isBetweenMessages(ws)).toBe(false);
  ws.send("b", { fin: true });
  expect(isBetweenMessages(ws)).toBe(true);
  ws.close();
  expect(isBetweenMessages(ws)).toBe(false);
  const compressed = await pair({ threshold: 0 });
  compressed.ws.send("a");
  expect(isBetweenMessages(compressed.ws)).toBe(false);
});

test("compression with a memory is told from compression without one", async () => {
  expect(isStateless((await pair()).ws)).toBe(true);
  expect(isStateless((await pair(true)).ws)).toBe(false);
  const { ws } = await pair({ serverNoContextTakeover: true, clientNoContextTakeover: true });
  expect(isStateless(ws)).toBe(true);
  expect(extensionsOf(ws)).toMatch(/^permessage-deflate;.*client_no_context_takeover=true/);
});

test("a silenced WebSocket is closed without a word to the application, and gone from its server", async () => {
  const { server, ws } = await pair();
  let told = false;
  ws.on("close", () => {
    told = true;
  });
  const socket = socketOf(ws) as Socket;
  silence(ws, server);
  expect(ws.readyState).toBe(WebSocket.CLOSED);
  expect(server.clients.size).toBe(0);
  socket.destroy();
  await once(socket, "close");
  await new Promise(setImmediate);
  expect(told).toBe(false);
  ws.send("nobody is there", (error) => expect(error).toBeInstanceOf(Error));
});

test.each([
  ["plain", false],
  ["compressed", { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }],
] as const)(
  "a connection whose handshake is over becomes a WebSocket of its server again: %s",
  async (_, deflate) => {
    const { server, client, ws, request } = await pair(deflate);
    const { url = "", headers } = request;
    const handshake = { method: "GET", url, headers, protocol: ws.protocol, extensions: extensionsOf(ws) };
    const socket = socketOf(ws) as Socket;
    silence(ws, server);
    // As if it had arrived from another process.
    for (const event of ["data", "end", "close", "error"]) socket.removeAllListeners(event);
    for (const symbol of Object.getOwnPropertySymbols(socket))
      if (symbol.description === "websocket")
        (socket as unknown as Record<symbol, unknown>)[symbol] = undefined;
    let handshakes = 0;
    server.on("headers", () => {
      handshakes += 1;
    });
    const adopted = adopt(server, socket, handshake);
    expect(adopted).toMatchObject({ same: true });
    const again = adopted?.ws as WebSocket;
    expect(handshakes).toBe(0);
    expect([...server.clients]).toEqual([again]);
    expect(again.protocol).toBe("a");
    again.on("message", (data) => again.send(`${data} back`));
    client.send("there and");
    expect(String((await once(client, "message"))[0])).toBe("there and back");
    client.close(4001);
    expect((await once(again, "close"))[0]).toBe(4001);
    expect(server.clients.size).toBe(0);
  },
);
