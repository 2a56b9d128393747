import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connectionOn, descriptorOf, stopReading } from "../../src/node-internals.js";
import { loadSyscalls, type Syscalls } from "../../src/syscalls.js";

const opened: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) (each.destroy ?? each.close)?.call(each);
});

async function accepted(): Promise<{ server: Server; client: Socket; descriptor: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [Socket];
  opened.push(client, socket, server);
  // Its first owner reads no more, as a parent whose connection has moved.
  stopReading(socket);
  return { server, client, descriptor: descriptorOf(socket) as number };
}

test.each(["the kind of a server that listens", "no server", "a server that does not listen"])(
  "a connection is made on a descriptor with %s, and works both ways",
  async (which) => {
    const { server, client, descriptor } = await accepted();
    const { duplicate } = (await loadSyscalls()) as Syscalls;
    const kinds: Record<string, Server | undefined> = {
      "the kind of a server that listens": server,
      "a server that does not listen": createServer(),
    };
    const socket = connectionOn(duplicate(descriptor), kinds[which]);
    client.write("ping");
    expect(String((await once(socket, "data"))[0])).toBe("ping");
    socket.write("pong");
    expect(String((await once(client, "data"))[0])).toBe("pong");
    expect(socket.remotePort).toBe(client.localPort);
  },
);

test("what is not a connection is left to Node, which says so", async () => {
  const { server } = await accepted();
  expect(() => connectionOn(1_000_000, server)).toThrow(/Unsupported fd type/);
});
