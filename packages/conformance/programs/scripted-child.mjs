// node scripted-child.mjs <behaviour> <transcript>: a child that follows a script instead of an implementation, to see
// what a parent does about it. It never serves.
import { decodeOffer } from "@heirloom/protocol";
import { broken, ScriptedChannel } from "./transcript.mjs";

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
};

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
