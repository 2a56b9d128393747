import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Channel } from "../../src/channel.js";

/** A channel on one end of a connected pair of streams, what it tells, and the other end. */
async function open(onMessage: (channel: Channel) => void = () => {}, path?: string) {
  const server = createServer({ allowHalfOpen: true });
  if (path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const where = path === undefined ? { port: (server.address() as { port: number }).port } : { path };
  const mine = connect({ ...where, allowHalfOpen: true });
  const peer = await accepted;
  peer.on("error", () => {});
  server.close();
  onTestFinished(() => {
    mine.destroy();
    peer.destroy();
  });
  const told: string[] = [];
  let wake = () => {};
  const tell = (what: string) => {
    told.push(what);
    wake();
  };
  const channel: Channel = new Channel(mine, {
    message: ({ type }) => {
      onMessage(channel);
      tell(type);
    },
    violated: ({ code }) => tell(code),
    ended: () => tell("ended"),
  });
  const until = (count: number) =>
    new Promise<string[]>((resolve) => {
      wake = () => {
        if (told.length >= count) resolve(told);
      };
      wake();
    });
  return { channel, peer, told, until };
}

// One frame: 4 bytes of length, {"type": "commit"}.
const commit = Buffer.from("0000000d81a474797065a6636f6d6d6974", "hex");

test("a message is read, however the stream cuts it", async () => {
  const { peer, until } = await open();
  for (const byte of commit) {
    await new Promise<void>((resolve) => peer.write(Buffer.of(byte), () => resolve()));
  }
  peer.write(Buffer.concat([commit, commit]));
  expect(await until(3)).toEqual(["commit", "commit", "commit"]);
});

test("a message is written as one frame", async () => {
  const { channel, peer } = await open();
  const received = new Promise<Buffer>((resolve) => peer.once("data", resolve));
  channel.send({ type: "commit" });
  expect((await received).toString("hex")).toBe("0000000d81a474797065a6636f6d6d6974");
});

test("nothing is read after a violation, and the end is still told", async () => {
  const { peer, until } = await open();
  peer.write(Buffer.concat([commit, Buffer.from("00000000", "hex"), commit]));
  peer.end(commit);
  expect(await until(3)).toEqual(["commit", "FRAME_EMPTY", "ended"]);
});

test("a stream that ends within a frame is told as an end", async () => {
  const { peer, until } = await open();
  peer.end(commit.subarray(0, 9));
  expect(await until(1)).toEqual(["ended"]);
});

// Red without #readLeft: a service that was told to end by a parent that left at once would go on.
test("B-16: what a peer had written before it died is read, also by a channel that learns of the death from a write", async () => {
  const { channel, peer, until } = await open(() => {}, `\0heirloom-channel-test-${process.pid}`);
  peer.write(Buffer.concat([commit, commit]));
  peer.destroy();
  channel.send({ type: "committed" });
  expect(await until(3)).toEqual(["commit", "commit", "ended"]);
});

test("a reset is an end, told once", async () => {
  const { peer, until, channel } = await open();
  channel.send({ type: "commit" });
  peer.resetAndDestroy();
  expect(await until(1)).toEqual(["ended"]);
  expect(channel.ended).toBe(true);
  await channel.flushed();
});

test("a channel that was given up tells nothing", async () => {
  const { channel, peer, told } = await open();
  const closed = new Promise((resolve) => peer.once("close", resolve));
  peer.resume();
  peer.on("end", () => peer.end());
  peer.write(commit);
  channel.close();
  channel.send({ type: "commit" });
  await closed;
  expect(told).toEqual([]);
});

test("a refusal from outside is a violation, once", async () => {
  const { channel, peer, told, until } = await open();
  const { HandoffError } = await import("@heirloom/protocol");
  channel.refuseMore(new HandoffError("MESSAGE_UNEXPECTED", { message: "not now" }));
  channel.refuseMore(new HandoffError("MESSAGE_UNEXPECTED", { message: "not now" }));
  peer.end(commit);
  expect(await until(2)).toEqual(["MESSAGE_UNEXPECTED", "ended"]);
  expect(told).toHaveLength(2);
});

// Red when pause() only stops the socket: what one read brought along is told all the same.
test("a paused channel tells nothing, and goes on where it stopped", async () => {
  const { channel, peer, told, until } = await open((channel) => channel.pause());
  peer.end(Buffer.concat([commit, commit, Buffer.from("00000000", "hex")]));
  await until(1);
  expect(told).toEqual(["commit"]);
  channel.resume();
  expect(told).toEqual(["commit", "commit"]);
  channel.resume();
  expect(await until(4)).toEqual(["commit", "commit", "FRAME_EMPTY", "ended"]);
});

// Red when flushed() waits for the socket's `drain`, which says nothing of a small message.
test("flushed waits for a small message behind a full socket", async () => {
  const { channel, peer } = await open();
  peer.pause();
  const state = { type: "state", stream: "s", phase: "warm", version: 1, last: false } as const;
  const bytes = new Uint8Array(65_536);
  // More than the system holds for a reader that does not read.
  for (let sent = 0; sent < 200; sent += 1) channel.send({ ...state, bytes });
  let flushed = false;
  const full = channel.flushed().then(() => {
    flushed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(flushed).toBe(false);
  peer.resume();
  await full;
  peer.pause();
  for (let sent = 0; sent < 200; sent += 1) channel.send({ ...state, bytes });
  channel.send({ type: "commit" });
  peer.resume();
  await channel.flushed();
});
