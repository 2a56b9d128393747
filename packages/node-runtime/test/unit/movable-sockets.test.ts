import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { PausedConnection } from "../../src/moves/movable.js";
import { MovableSockets, type SocketHooks } from "../../src/moves/sockets/movable-sockets.js";

/** Sockets that could move, as far as the runtime can tell. */
async function open(count: number, hooks: Partial<SocketHooks>) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    const client = connect((server.address() as { port: number }).port, "127.0.0.1");
    const [socket] = (await once(server, "connection")) as [Socket];
    onTestFinished(() => void [client, socket].map((each) => each.destroy()));
    sockets.push(socket);
  }
  const movable = new MovableSockets("example.org/unit", {
    leave: () => Buffer.alloc(0),
    arrive: () => {},
    ...hooks,
  });
  for (const socket of sockets) movable.add(socket);
  movable.begin(
    () => {},
    () => "web",
  );
  return { movable, sockets, pause: () => movable.pause(count, new Set(["web"])) };
}

// Red when whatever was released counts as moved.
test.each<[string, string, (socket: Socket) => void]>([
  ["moved", "goes on", () => {}],
  ["finished", "is ended by its application on its way", (socket) => void socket.end("bye")],
  ["finished", "breaks on its way", (socket) => void socket.destroy()],
  ["cut", "has more to take along than there may be", (socket) => void socket.write("x".repeat(2 ** 20))],
])("a socket counts as %s where it %s", async (end, _, happens) => {
  const { pause, sockets } = await open(1, {});
  const [paused] = pause() as [PausedConnection];
  happens(sockets[0] as Socket);
  paused.late?.();
  expect(paused.became?.()).toBe(end);
});

// Red when a listener is left behind each time.
test("a socket may be added and deleted any number of times", async () => {
  const { movable, sockets, pause } = await open(1, {});
  const [socket] = sockets as [Socket];
  const before = socket.listenerCount("close");
  for (let i = 0; i < 20; i += 1) {
    movable.delete(socket);
    movable.add(socket);
  }
  expect(socket.listenerCount("close")).toBe(before);
  movable.delete(socket);
  expect(pause()).toEqual([]);
});

// Red when what it throws is left to whoever asks: a timer, and so the end of the process with all of its connections.
test("a socket whose atBoundary throws stays, and somebody is told so once", async () => {
  const warnings: string[] = [];
  const warn = ({ message }: Error) => warnings.push(message);
  process.on("warning", warn);
  onTestFinished(() => void process.off("warning", warn));
  const { pause, sockets } = await open(2, {
    atBoundary(socket) {
      if (socket === sockets[0]) throw new Error("nobody knows");
      return true;
    },
  });
  expect(pause().map(({ socket }) => socket)).toEqual([sockets[1]]);
  expect(pause()).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([
    "a connection of example.org/unit stays where it is, since atBoundary failed: nobody knows",
  ]);
});
