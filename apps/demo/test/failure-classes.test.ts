import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Target } from "../src/load/connection.js";
import { slowRequest } from "../src/load/kinds/slow-responses.js";
import { uploadRequest } from "../src/load/kinds/slow-uploads.js";
import { Ledger } from "../src/load/ledger.js";
import { type Request, recordOnNewConnection } from "../src/load/request.js";
import { whoamiRequest } from "../src/load/whoami.js";
import { listen, onRequest, response } from "./misbehaving-server.js";

const NO_FAILURES = {
  refused: 0,
  reset: 0,
  truncated: 0,
  wrongBody: 0,
  wrongStatus: 0,
  deadlineExpired: 0,
  keptAliveClosed: 0,
  other: 0,
};
const UPLOAD = { pieces: 4, pieceBytes: 1_000, durationMs: 40 };

/** What one request is counted as. */
async function countedAs(target: Target, newRequest: (target: Target) => Request) {
  const ledger = new Ledger();
  ledger.add("newConnections", await recordOnNewConnection(target, newRequest(target)));
  const { requests, failures } = ledger.entries.newConnections;
  expect(requests).toBe(1);
  return failures;
}

const whoami = (target: Target) => whoamiRequest(target, "close");

describe("a request on a new connection is counted as", () => {
  it("answered, when the answer is complete and correct", async () => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => socket.end(response({ requestId })));
    });
    expect(await countedAs(target, whoami)).toEqual(NO_FAILURES);
  });

  it("refused, when nobody listens", async () => {
    // Nothing listens on a port below 1024 of this address: the kernel assigns none of those by itself.
    expect(await countedAs({ host: "127.0.0.1", port: 1 }, whoami)).toEqual({ ...NO_FAILURES, refused: 1 });
  });

  const resetting: [string, (socket: Socket) => void][] = [
    ["it is reset once the request is there", (socket) => onRequest(socket, () => socket.resetAndDestroy())],
    ["it is closed once the request is there", (socket) => onRequest(socket, () => socket.end())],
    ["it is closed at once", (socket) => socket.end()],
    ["it is reset at once", (socket) => socket.resetAndDestroy()],
  ];
  it.each(resetting)("reset, when %s", async (_when, misbehave) => {
    expect(await countedAs(await listen(misbehave), whoami)).toEqual({ ...NO_FAILURES, reset: 1 });
  });

  const truncating: [string, (socket: Socket, whole: string) => void][] = [
    ["half of the body is missing", (socket, whole) => socket.end(whole.slice(0, -10))],
    ["half of the head is missing", (socket, whole) => socket.end(whole.slice(0, 20))],
  ];
  it.each(truncating)("truncated, when %s", async (_when, misbehave) => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => misbehave(socket, response({ requestId })));
    });
    expect(await countedAs(target, whoami)).toEqual({ ...NO_FAILURES, truncated: 1 });
  });

  const wrong: [string, (requestId: string) => string][] = [
    ["it is the answer to another request", () => response({ requestId: "another" })],
    ["it is no JSON", (requestId) => response({ requestId, body: "hello" })],
    ["it is JSON of another shape", (requestId) => response({ requestId, body: '{"pid":7}' })],
    [
      "it has a key too many",
      (requestId) => response({ requestId, body: '{"pid":7,"generation":3,"uptimeMs":1,"x":1}' }),
    ],
    ["it says more than announced", (requestId) => `${response({ requestId })}more`],
    ["it is no HTTP", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["it announces no length", (requestId) => `HTTP/1.1 200 OK\r\nx-request-id: ${requestId}\r\n\r\n{}`],
  ];
  it.each(wrong)("wrong body, when %s", async (_when, answer) => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => socket.end(answer(requestId)));
    });
    expect(await countedAs(target, whoami)).toEqual({ ...NO_FAILURES, wrongBody: 1 });
  });

  it("wrong status, when it is a 503", async () => {
    const target = await listen((socket) => {
      const status = "503 Service Unavailable";
      onRequest(socket, (_number, requestId) => socket.end(response({ requestId, status })));
    });
    expect(await countedAs(target, whoami)).toEqual({ ...NO_FAILURES, wrongStatus: 1 });
  });

  it("deadline expired, when nothing is ever answered", async () => {
    const target = await listen(() => {});
    const failures = await countedAs(target, () => slowRequest(target, 0, 100));
    expect(failures).toEqual({ ...NO_FAILURES, deadlineExpired: 1 });
  });

  it("deadline expired, when the answer stops in the middle", async () => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => socket.write(response({ requestId }).slice(0, -1)));
    });
    const failures = await countedAs(target, () => slowRequest(target, 0, 100));
    expect(failures).toEqual({ ...NO_FAILURES, deadlineExpired: 1 });
  });

  it("wrong body, when a slow answer waited for another time than asked", async () => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => socket.end(response({ requestId, body: '{"waitedMs":9}' })));
    });
    const failures = await countedAs(target, () => slowRequest(target, 10));
    expect(failures).toEqual({ ...NO_FAILURES, wrongBody: 1 });
  });

  it("wrong body, when the hash of an upload is another one", async () => {
    const target = await listen((socket) => {
      onRequest(socket, (_number, requestId) => {
        socket.write(response({ requestId, body: '{"bytes":4000,"sha256":"00"}' }));
      });
    });
    const failures = await countedAs(target, () => uploadRequest(target, UPLOAD));
    expect(failures).toEqual({ ...NO_FAILURES, wrongBody: 1 });
  });

  it("reset, when the connection is reset in the middle of an upload", async () => {
    const target = await listen((socket) => {
      onRequest(socket, () => socket.once("data", () => socket.resetAndDestroy()));
    });
    const failures = await countedAs(target, () => uploadRequest(target, UPLOAD));
    expect(failures).toEqual({ ...NO_FAILURES, reset: 1 });
  });
});
