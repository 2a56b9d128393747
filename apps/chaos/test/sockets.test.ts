import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { accepted, outliving } from "../src/kernel/socket.js";

// Red where `outliving` goes by the client's port alone.
it("a new connection on the port of one that ended has not outlived anybody", async () => {
  const served: Socket[] = [];
  const server = createServer((socket) => {
    served.push(socket.on("error", () => {}));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of served) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listening = { ports: new Set([port]), folder: "/nowhere" };
  const open = async (localPort?: number): Promise<Socket> => {
    const client = connect({ port, host: "127.0.0.1", ...(localPort !== undefined && { localPort }) });
    await Promise.all([once(client, "connect"), once(server, "connection")]);
    return client.on("error", () => {});
  };

  const client = await open();
  const { localPort } = client;
  const had = accepted(listening)(process.pid);
  expect([...had.ports.keys()]).toEqual([localPort]);
  expect(outliving(had, listening)).toEqual(had);

  const closed = new Promise((resolve) => client.once("close", resolve));
  served[0]?.resetAndDestroy();
  await closed;
  const next = await open(localPort);
  expect(accepted(listening)(process.pid).ports.has(localPort as number)).toBe(true);
  expect(outliving(had, listening).ports.size).toBe(0);
  next.destroy();
});
