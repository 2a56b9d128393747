import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { MovableStreams } from "../../src/moves/streams/movable-streams.js";

// Red when a listener is left behind with each of them.
test("one connection may have any number of responses that could move", async () => {
  const counts: number[] = [];
  const server = createServer((_, response) => {
    counts.push(response.socket?.listenerCount("close") ?? 0);
    streams.add(response);
    response.end("done");
  });
  const streams = new MovableStreams("example.org/unit", {
    server,
    leave: () => Buffer.alloc(0),
    arrive: () => {},
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => {
    agent.destroy();
    server.close();
  });
  for (let i = 0; i < 20; i += 1) {
    const asked = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent });
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    await once(response.resume(), "close");
  }
  expect(counts).toEqual(counts.map(() => counts[0]));
});
