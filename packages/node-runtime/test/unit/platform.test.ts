import { createServer as createHttpServer, type Server as HttpServer, request } from "node:http";
import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import {
  allowCloseEvent,
  closeListeningHandle,
  currentResponse,
  descriptorOf,
} from "../../src/node-internals.js";
import { assertPlatform } from "../../src/platform.js";

test("Windows is refused with what to do instead", () => {
  expect(() => assertPlatform("win32", {})).toThrow(
    expect.objectContaining({
      code: "PLATFORM_UNSUPPORTED",
      message:
        "Windows cannot pass listening sockets to a child process as descriptors: run this service on Linux or macOS (WSL 2 is Linux)",
    }),
  );
});

test("a worker of node:cluster is refused with why", () => {
  expect(() => assertPlatform("linux", { NODE_UNIQUE_ID: "1" })).toThrow(
    expect.objectContaining({
      code: "PLATFORM_UNSUPPORTED",
      message: expect.stringMatching(
        /^a worker of node:cluster has no listening sockets of its own to hand over/,
      ),
    }),
  );
});

test.each(["linux", "darwin", "freebsd"] as const)("%s is not refused", (platform) => {
  expect(assertPlatform(platform, {})).toBeUndefined();
});

// From here on: the private parts of Node that src/node-internals.ts touches. A Node line that changes one of them turns
// its test red here, before a service finds out.

const listening = async (server: Server) => {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as { port: number }).port;
};

test("node: a listening server has _handle.fd, and one that does not listen has none", async () => {
  const server = createServer();
  expect(descriptorOf(server)).toBeUndefined();
  await listening(server);
  expect(descriptorOf(server)).toBeGreaterThan(2);
  await new Promise((resolve) => server.close(resolve));
  expect(descriptorOf(server)).toBeUndefined();
});

test("node: net.Server emits close through _emitCloseIfDrained, and close() leaves connections open", async () => {
  expect(typeof (createServer() as unknown as Record<string, unknown>)._emitCloseIfDrained).toBe("function");
  const server: HttpServer = createHttpServer((_request, response) => response.end("ok"));
  const port = await listening(server);
  let closed = 0;
  server.on("close", () => {
    closed += 1;
  });
  const answer = () =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ port, host: "127.0.0.1", agent: false }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      })
        .on("error", reject)
        .end();
    });
  expect(await answer()).toBe(200);
  closeListeningHandle(server);
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.listening).toBe(false);
  expect(closed).toBe(0);
  await expect(answer()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  allowCloseEvent(server);
  server.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(1);
});

test("node: a connection has its current response in _httpMessage", async () => {
  const server = createHttpServer((incoming, response) => {
    const { socket } = incoming;
    const during = currentResponse(socket) === response;
    response.end(String(during));
    response.on("close", () => server.emit("probe", currentResponse(socket)));
  });
  const port = await listening(server);
  const after = new Promise((resolve) => server.once("probe", resolve));
  const body = await new Promise<string>((resolve, reject) => {
    request({ port, host: "127.0.0.1", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
  expect(body).toBe("true");
  expect(await after).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
});
