import { closeSync, openSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { contradiction, socketInode } from "../../src/listener/kernel.js";
import { descriptorOf } from "../../src/node-internals.js";

const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(...where: [object]): Promise<{ descriptor: number; port: number; server: Server }> {
  const server = createServer().listen(...where);
  open.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  return { descriptor: descriptorOf(server)!, port, server };
}

test("nothing speaks against a listening socket with the offered address, however the address is written", async () => {
  const four = await listen({ host: "127.0.0.1", port: 0 });
  const six = await listen({ host: "::1", port: 0 });
  const any = await listen({ host: "::", port: 0 });
  expect(contradiction(four.descriptor, { kind: "tcp", host: "127.0.0.1", port: four.port })).toBeUndefined();
  expect(contradiction(six.descriptor, { kind: "tcp", host: "::1", port: six.port })).toBeUndefined();
  expect(
    contradiction(six.descriptor, { kind: "tcp", host: "0:0:0:0:0:0:0:1", port: six.port }),
  ).toBeUndefined();
  expect(contradiction(any.descriptor, { kind: "tcp", host: "::", port: any.port })).toBeUndefined();
  const inode = socketInode(four.descriptor);
  expect(
    contradiction(four.descriptor, { kind: "tcp", host: "127.0.0.1", port: four.port }, inode),
  ).toBeUndefined();
});

test("another port, another host and another kind are each told", async () => {
  const { descriptor, port } = await listen({ host: "127.0.0.1", port: 0 });
  expect(contradiction(descriptor, { kind: "tcp", host: "127.0.0.1", port: 1 })).toBe(
    `descriptor ${descriptor} listens on 127.0.0.1:${port}, not on 127.0.0.1:1`,
  );
  expect(contradiction(descriptor, { kind: "tcp", host: "127.0.0.2", port })).toBe(
    `descriptor ${descriptor} listens on 127.0.0.1:${port}, not on 127.0.0.2:${port}`,
  );
  expect(contradiction(descriptor, { kind: "tcp", host: "::1", port })).toBe(
    `descriptor ${descriptor} is not a listening tcp socket`,
  );
  expect(contradiction(descriptor, { kind: "unix", path: "/tmp/app.sock" })).toBe(
    `descriptor ${descriptor} is not a listening unix socket`,
  );
});

test("the parent's inode number decides where it is known", async () => {
  const { descriptor, port } = await listen({ host: "127.0.0.1", port: 0 });
  const inode = socketInode(descriptor);
  expect(contradiction(descriptor, { kind: "tcp", host: "127.0.0.1", port }, "1")).toBe(
    `descriptor ${descriptor} is socket ${inode}, but the parent passed on socket 1`,
  );
});

test("a closed descriptor, a file and a connection are no listening sockets", async () => {
  const { port, server } = await listen({ host: "127.0.0.1", port: 0 });
  const address = { kind: "tcp", host: "127.0.0.1", port } as const;
  const file = openSync("/dev/null", "r");
  expect(contradiction(file, address)).toBe(`descriptor ${file} is not an open socket`);
  closeSync(file);
  expect(contradiction(file, address)).toBe(`descriptor ${file} is not an open socket`);
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const client = connect(address);
  const socket = await accepted;
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  expect(contradiction(fd, address)).toBe(`descriptor ${fd} is not a listening tcp socket`);
  socket.destroy();
  client.destroy();
});

test("a Unix-domain socket is known by being one, and an abstract name by its name", async () => {
  const path = join(tmpdir(), `heirloom-kernel-${process.pid}.sock`);
  const published = await listen({ path });
  expect(contradiction(published.descriptor, { kind: "unix", path: "/another/name.sock" })).toBeUndefined();
  const name = `\0heirloom-kernel-größe-${process.pid}`;
  const abstract = await listen({ path: name });
  expect(contradiction(abstract.descriptor, { kind: "unix", path: name })).toBeUndefined();
  expect(contradiction(abstract.descriptor, { kind: "unix", path: `${name}-other` })).toBe(
    `descriptor ${abstract.descriptor} listens on @heirloom-kernel-größe-${process.pid}, not on @heirloom-kernel-größe-${process.pid}-other`,
  );
  expect(contradiction(abstract.descriptor, { kind: "unix", path })).toMatch(/listens on @heirloom-kernel/);
});

// Red when the reader stops at a chunk's end, or takes the first chunk for the whole table.
test("a listening socket is found among a hundred others", async () => {
  const all = await Promise.all(Array.from({ length: 100 }, () => listen({ host: "127.0.0.1", port: 0 })));
  for (const { descriptor, port } of all) {
    expect(contradiction(descriptor, { kind: "tcp", host: "127.0.0.1", port })).toBeUndefined();
  }
});
