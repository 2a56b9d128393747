// node scripted-parent.mjs <behaviour> <transcript>: a parent that follows a script instead of an implementation, to see
// what a child does about it. It serves as generation 1; SIGHUP begins the script.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, fstatSync, readSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "node:net";
import { encodeFrame, encodeOffer } from "@heirloom/protocol";
import { sendDescriptors } from "./descriptors.mjs";
import { broken, ScriptedChannel } from "./transcript.mjs";

// Whoever names a script wants it to be played.
if (process.env.CONFORMANCE_CHECK !== undefined) process.exit(0);

const [behaviour, transcript] = process.argv.slice(2);
const [{ name, host, port }] = JSON.parse(process.env.CONFORMANCE_LISTENERS);
const { commitMs } = JSON.parse(process.env.CONFORMANCE_DEADLINES);
const { command, env } = JSON.parse(process.env.CONFORMANCE_CHILD);
const notOpen = 63;

/** Connections that their clients keep, in the order of their first requests. */
const kept = new Set();
const server = createServer((request, response) => {
  if (request.headers.connection !== "close") kept.add(request.socket);
  response.end(JSON.stringify({ pid: process.pid, generation: 1 }));
}).listen(port, host);
server.keepAliveTimeout = 0;
const park = () => Server.prototype.close.call(server);
/** Whether the script is about connections: elsewhere they are not offered, and a child does not speak of them. */
const moves = behaviour.startsWith("moves connections");
const farewell = { type: "farewell", finished: 0, moved: 0, closed: 0, cut: 0 };

let child;
let descriptorChannel;

function start(change = (offer) => offer, seal = encodeOffer) {
  const listener = server._handle.fd;
  const offer = change({
    type: "offer",
    protocol: { min: 1, max: 1 },
    generation: 2,
    parent: { pid: process.pid },
    channel: 3,
    ...(moves && { descriptorChannel: 6 }),
    listeners: [
      {
        name,
        address: { kind: "tcp", host, port },
        descriptor: 4,
        custody: 5,
        inode: String(fstatSync(listener).ino),
      },
    ],
    deadlines: { commitMs },
    features: moves ? ["levitation", "connections"] : ["levitation"],
  });
  const merged = Object.entries({ ...process.env, ...env, HEIRLOOM_OFFER: seal(offer) });
  child = spawn(command[0], command.slice(1), {
    env: Object.fromEntries(merged.filter(([, value]) => value !== null)),
    stdio: ["inherit", "inherit", "inherit", "pipe", listener, listener, ...(moves ? ["pipe"] : [])],
    detached: true,
  });
  descriptorChannel = child.stdio[6]?._handle.fd;
  return new ScriptedChannel(child.stdio[3], transcript);
}

async function complete(channel) {
  await channel.until("ready");
  park();
  channel.send({ type: "commit" });
  if ((await channel.until("committed")) === undefined) return;
  channel.send(farewell);
  process.exit(0);
}

const acceptThen = (step) => async () => {
  const channel = start();
  await channel.until("accept");
  await step(channel);
};
const readyThen = (step) => async () => {
  const channel = start();
  await channel.until("ready");
  await step(channel);
};
const awaitedThen = (step) => async () => {
  const channel = start();
  await channel.until("ready");
  park();
  channel.send({ type: "commit" });
  await channel.until("connections-awaited");
  await step(channel);
};
const first = (offer, change) => ({ ...offer, listeners: [{ ...offer.listeners[0], ...change }] });

const behaviours = {
  complete: () => complete(start()),
  "keys of the future": () => complete(start(undefined, sealWithUnknownKey)),
  trickle: readyThen(async (channel) => {
    park();
    await channel.trickle({ type: "commit" });
    await channel.until("committed");
    await channel.trickle(farewell);
    process.exit(0);
  }),
  ignorable: acceptThen((channel) => {
    channel.write(broken.ignorable);
    return complete(channel);
  }),
  "other versions": () => start((offer) => ({ ...offer, protocol: { min: 7, max: 9 } })),
  "abort after accept": acceptThen((channel) =>
    channel.send({ type: "abort", code: "MOON_PHASE", message: "wait" }),
  ),
  "garbage after accept": acceptThen((channel) => channel.write(broken.garbage)),
  "oversized after ready": readyThen((channel) => channel.write(broken.oversized)),
  "unknown after ready": readyThen((channel) => channel.write(broken.unknown)),
  "state that nobody wanted": readyThen((channel) =>
    channel.send({
      type: "state",
      stream: "sessions",
      phase: "final",
      version: 1,
      bytes: Uint8Array.of(1),
      last: true,
    }),
  ),
  "farewell before commit": readyThen((channel) => channel.send(farewell)),
  "closes the channel after ready": readyThen((channel) => channel.close()),
  "never commits": () => start(),
  "SIGTERM to the child after ready": readyThen(async (channel) => {
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await channel.untilEnded();
    const [status] = await exit;
    appendFileSync(transcript, `${JSON.stringify({ type: "exit", code: String(status) })}\n`);
  }),
  "another socket's inode": () => start((offer) => first(offer, { inode: "1" })),
  "a descriptor that is not open": () => start((offer) => first(offer, { descriptor: notOpen })),
  "a listener at another address": () =>
    start((offer) => first(offer, { address: { kind: "tcp", host: "127.0.0.2", port } })),
  "a channel that is not open": () => start((offer) => ({ ...offer, channel: notOpen })),
  "an offer that is none": () => start(undefined, () => "AAAA"),
  "abort after commit": readyThen(async (channel) => {
    park();
    channel.send({ type: "commit" }, { type: "abort", code: "MOON_PHASE", message: "too late" });
    await channel.until("committed");
    channel.send(farewell);
    process.exit(0);
  }),
  "garbage after commit": readyThen(async (channel) => {
    park();
    channel.send({ type: "commit" });
    await channel.until("committed");
    channel.write(broken.garbage);
    process.exit(0);
  }),
  "abort, and death before it is read": readyThen((channel) => {
    channel.send({ type: "abort", code: "MOON_PHASE", message: "wait" });
    setImmediate(() => process.kill(process.pid, "SIGKILL"));
  }),
  "garbage, and death before it is read": readyThen((channel) => {
    channel.write(broken.garbage);
    setImmediate(() => process.kill(process.pid, "SIGKILL"));
  }),
  "moves connections": awaitedThen(async (channel) => {
    await move(channel, pause(), 1);
    leave(channel);
  }),
  "moves connections, with late bytes": awaitedThen(async (channel) => {
    const [connection] = pause({ still: false });
    // The client's next request, read here, in two pieces.
    const late = await connection.nextBytes();
    await move(channel, [connection], 1, [late.subarray(0, 10), late.subarray(10)]);
    leave(channel);
  }),
  "moves connections, late bytes where it was still": awaitedThen(async (channel) => {
    await move(channel, pause(), 1, [Buffer.from("GET /")]);
    leave(channel);
  }),
  "moves connections, a batch out of turn": awaitedThen(async (channel) => {
    offerBatch(channel, pause(), 2);
    setImmediate(() => process.kill(process.pid, "SIGKILL"));
  }),
  "moves connections, noise instead of a batch": awaitedThen(async (channel) => {
    await channel.next("connections-awaited");
    channel.write(broken.garbage);
    await channel.next("connections-awaited");
    leave(channel);
  }),
  "moves connections, and dies before they are released": awaitedThen(async (channel) => {
    offerBatch(channel, pause(), 1);
    await channel.next("connections-adopted");
    process.kill(process.pid, "SIGKILL");
  }),
  "moves connections that were not still, and dies before they are released": awaitedThen(async (channel) => {
    offerBatch(channel, pause({ still: false }), 1);
    await channel.next("connections-adopted");
    process.kill(process.pid, "SIGKILL");
  }),
  "moves connections, announces more than it sends": awaitedThen(async (channel) => {
    const connections = pause();
    sendDescriptors(
      descriptorChannel,
      1,
      connections.slice(1).map(({ descriptor }) => descriptor),
    );
    announce(channel, connections, 1);
    await channel.next("connections-adopted");
    // Refused: the next batch has the next number all the same.
    await move(channel, connections, 2);
    leave(channel);
  }),
  "moves connections, descriptors without a message": awaitedThen(async (channel) => {
    const [first, ...others] = pause();
    sendDescriptors(descriptorChannel, 0, [first.descriptor]);
    first.close();
    await move(channel, others, 1);
    leave(channel);
  }),
  "dies within a frame": readyThen(async (channel) => {
    channel.write(broken.half);
    setImmediate(() => process.kill(process.pid, "SIGKILL"));
  }),
};

/** Stops reading from what the clients keep. Not `still`: goes on, and keeps what comes. */
function pause({ still = true } = {}) {
  return [...kept].map((socket) => {
    socket.removeAllListeners("data").pause();
    const handle = socket._handle;
    handle.readStop();
    return {
      still,
      descriptor: handle.fd,
      close: () => handle.close(),
      nextBytes: () =>
        new Promise((resolve) => {
          const bytes = Buffer.alloc(4096);
          const look = () => {
            let size = 0;
            try {
              size = readSync(handle.fd, bytes);
            } catch (error) {
              if (error.code !== "EAGAIN") throw error;
            }
            if (size > 0) resolve(bytes.subarray(0, size));
            else setImmediate(look);
          };
          look();
        }),
    };
  });
}

function announce(channel, connections, batch) {
  const moved = connections.map(({ still }) => ({ listener: name, protocol: "http/1.1", still, served: 1 }));
  channel.send({ type: "connections", batch, connections: moved });
}

function offerBatch(channel, connections, batch) {
  const descriptors = connections.map(({ descriptor }) => descriptor);
  sendDescriptors(descriptorChannel, batch, descriptors);
  announce(channel, connections, batch);
}

async function move(channel, connections, batch, late = []) {
  offerBatch(channel, connections, batch);
  await channel.next("connections-adopted");
  for (const bytes of late) channel.send({ type: "connections-late", batch, index: 0, bytes });
  for (const connection of connections) connection.close();
  channel.send({ type: "connections-released", batch });
}

function leave(channel) {
  channel.send(farewell);
  process.exit(0);
}

/** The canonical offer with one more key, of a type that nobody has defined. */
function sealWithUnknownKey(offer) {
  const frame = Buffer.from(encodeOffer(offer), "base64url");
  const payload = frame.subarray(4);
  // One more entry in the message's own map: "moon" => [true, {"phase": 3}].
  const more = Buffer.from("a46d6f6f6e92c381a5706861736503", "hex");
  const longer = Buffer.concat([Buffer.from([payload[0] + 1]), payload.subarray(1), more]);
  return Buffer.from(encodeFrame(longer)).toString("base64url");
}

process.on("SIGTERM", () => process.exit(0));
process.once("SIGHUP", () => behaviours[behaviour]());
