// node scripted-child.mjs <behaviour> <transcript>: a child that follows a script instead of an implementation, to see
// what a parent does about it. It never serves.
import { closeSync, readFileSync } from "node:fs";
import { decodeOffer } from "@heirloom/protocol";
import { receiveDescriptors } from "./descriptors.mjs";
import { broken, ScriptedChannel } from "./transcript.mjs";

// Whoever names a script wants it to be played.
if (process.env.CONFORMANCE_CHECK !== undefined) process.exit(0);

const [behaviour, transcript] = process.argv.slice(2);
const offer = decodeOffer(process.env.HEIRLOOM_OFFER);
const channel = ScriptedChannel.at(offer.channel, transcript);

const accept = { type: "accept", version: 1, features: [], pid: process.pid };
const ready = {
  type: "ready",
  listeners: offer.listeners.map(({ name }) => ({ name, disposition: "inherited" })),
};
const acceptThen = (bytes) => () => {
  channel.send(accept);
  channel.write(bytes);
};

const behaviours = {
  garbage: () => channel.write(broken.garbage),
  "half a frame": () => {
    channel.write(broken.half);
    setImmediate(() => process.exit(0));
  },
  oversized: () => channel.write(broken.oversized),
  empty: () => channel.write(broken.empty),
  unknown: acceptThen(broken.unknown),
  nil: acceptThen(broken.nil),
  ignorable: async () => {
    channel.send(accept);
    channel.write(broken.ignorable);
    await commitThenDie();
  },
  trickle: async () => {
    await channel.trickle(accept, { type: "progress", step: "booting" }, ready);
    await channel.until("commit");
    process.exit(1);
  },
  "committed too early": () => channel.send(accept, { type: "committed" }),
  "a version not offered": () => channel.send({ ...accept, version: 9 }),
  "a feature not offered": () => channel.send({ ...accept, features: ["levitation"] }),
  "ready without a listener": () => channel.send(accept, { ...ready, listeners: [] }),
  "state that was not agreed on": () =>
    channel.send(accept, { type: "state-wanted", stream: "sessions", version: 1 }),
  "refuse, with a code of the future": () =>
    channel.send({ type: "refuse", code: "MOON_PHASE", message: "wait", supported: { min: 1, max: 1 } }),
  "abort, with a code of the future": () =>
    channel.send(accept, { type: "abort", code: "MOON_PHASE", message: "wait" }),
  "closes the channel": () => {
    channel.send(accept);
    setImmediate(() => channel.close());
  },
  "garbage after commit": async () => {
    channel.send(accept, ready);
    await channel.until("commit");
    channel.write(broken.garbage);
  },
  "adopts fewer connections than came": () => answerBatches((connections) => connections.length - 1),
  "adopts no connections": () => answerBatches(() => 0),
  "declines a batch": async () => {
    const { descriptors } = await nextBatch();
    for (const descriptor of [...descriptors, offer.descriptorChannel]) closeSync(descriptor);
    channel.send({ type: "connections-awaited", protocols: [] });
  },
  "adopts more connections than came": () => answerBatches((connections) => connections.length + 1),
  "answers another batch": async () => {
    const { batch, connections } = await nextBatch();
    channel.send({ type: "connections-adopted", batch: batch + 1, count: connections.length });
  },
  "never answers a batch": async () => {
    await nextBatch();
    await channel.until("farewell");
    process.exit(1);
  },
  "dies with a batch": async () => {
    await nextBatch();
    process.exit(1);
  },
  "dies behind its answer": async () => {
    const { batch, connections } = await nextBatch();
    // So that it has not read the answer when this process dies.
    await stopped(offer.parent.pid);
    channel.send({ type: "connections-adopted", batch, count: connections.length });
    setImmediate(() => process.exit(1));
  },
};

/** Becomes owner as far as its parent can tell, and waits for connections. */
async function nextBatch() {
  if (channel.count("connections") === 0) {
    channel.send({ ...accept, features: ["connections"] }, ready);
    await channel.until("commit");
    channel.send({ type: "committed" }, { type: "connections-awaited", protocols: ["http/1.1"] });
  }
  const message = await channel.next("connections");
  const { batch, descriptors } = receiveDescriptors(offer.descriptorChannel);
  if (batch !== message.batch || descriptors.length !== message.connections.length) process.exit(2);
  return { ...message, descriptors };
}

/** Takes one batch after the other, and closes all of them. */
async function answerBatches(countOf) {
  for (;;) {
    const { batch, connections, descriptors } = await nextBatch();
    for (const descriptor of descriptors) closeSync(descriptor);
    channel.send({ type: "connections-adopted", batch, count: countOf(connections) });
  }
}

async function stopped(pid) {
  process.kill(pid, "SIGSTOP");
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) await new Promise(setImmediate);
}

async function commitThenDie() {
  channel.send(ready);
  await channel.until("commit");
  process.exit(1);
}

// Whatever the script does: told to leave, it leaves; else it stays until it is ended.
setInterval(() => {}, 1_000_000);
await behaviours[behaviour]();
// Whoever says that it leaves does so.
if (/^(refuse|abort)/.test(behaviour)) setImmediate(() => process.exit(1));
if ((await channel.until("abort")) !== undefined) process.exit(1);
