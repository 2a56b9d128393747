import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Writable } from "node:stream";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { PausedConnection } from "../../src/moves/movable.js";
import { MovableSockets } from "../../src/moves/sockets/movable-sockets.js";
import { decodeParting } from "../../src/moves/sockets/parting.js";
import { eventually } from "../support/eventually.js";

/** Both ends of a connection, and "hello" waits in the socket's buffer. */
let socket: Socket;
let client: Socket;
let sockets: MovableSockets;
let paused: PausedConnection;
/** What the application has read. */
let seen = "";
const take = (bytes: Buffer | null) => {
  seen += bytes ?? "";
};

/** Takes the socket on its way, at which point it has nobody who reads. */
beforeEach(async () => {
  seen = "";
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect((server.address() as { port: number }).port, "127.0.0.1");
  [socket] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  socket.on("data", take).pause().read(0);
  client.write("hello");
  await eventually("it has come", () => socket.readableLength === 5);
  sockets = new MovableSockets("example.org/held", { leave: () => Buffer.alloc(0), arrive: () => {} });
  sockets.add(socket);
  sockets.begin(
    () => {},
    () => "web",
  );
  [paused] = sockets.pause(1, new Set(["web"])) as [PausedConnection];
});

const uses: Readonly<Record<string, () => void>> = {
  resumes: () => void socket.resume(),
  "listens for readable": () => void socket.off("data", take).on("readable", () => take(socket.read())),
  pipes: () => {
    const write = (bytes: Buffer, _: string, done: () => void) => {
      take(bytes);
      done();
    };
    socket
      .off("data", take)
      .pipe(new Writable({ write }))
      .on("error", () => {});
  },
};
const turns = async () => {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
};

// Red when reading is not held: what the application gets here it would get in the child again, or the child never.
test.each(Object.entries(uses))(
  "a socket that leaves takes along what waits, also where its application %s meanwhile",
  async (_, use) => {
    use();
    client.write(" world");
    await turns();
    const parting = decodeParting(paused.late?.() ?? []);
    expect(parting).toMatchObject({ fate: "goesOn" });
    expect(String(parting?.unread)).toBe("hello");
    expect(seen).toBe("");
    expect(socket.bytesRead).toBe(5);
  },
);

// Red when what is held is not done, or when somebody who reads by hand is not told again.
test.each(Object.entries(uses))(
  "a socket that stays is read from where its application %s meanwhile",
  async (_, use) => {
    use();
    await turns();
    expect(seen).toBe("");
    paused.resume();
    await eventually("what waited is read", () => seen === "hello");
    client.write(" world");
    await eventually("all of it is read", () => seen === "hello world");
  },
);

// Red when it moves: what it gives out in the next turn is neither unread nor told of by its application.
test("a socket that is about to give out what waits does not move", async () => {
  paused.resume();
  socket.resume();
  expect(sockets.pause(1, new Set(["web"]))).toEqual([]);
  await eventually("it is read", () => seen === "hello");
  expect(sockets.pause(1, new Set(["web"]))).toHaveLength(1);
});

// Red when only a resume is held.
test("a socket that stays does what was said last", async () => {
  socket.resume();
  socket.pause();
  paused.resume();
  client.write(" world");
  await eventually("the rest has come", () => socket.readableLength === 11);
  expect(seen).toBe("");
});
