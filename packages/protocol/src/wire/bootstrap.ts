import { limits } from "../limits.js";
import type { Address, Listener, TcpAddress, UdpAddress, UnixAddress } from "../listener.js";
import type { Abort, Accept, Offer, Refuse } from "../message.js";
import type { VersionRange } from "../version.js";
import { array, boolean, integer, optional, text } from "./field.js";
import { distinct, map, type Rule, taggedMap, variants } from "./map.js";

/*
 * The messages that two programs exchange before they know which version both speak. Frozen for ever: a later version may
 * add optional keys, and nothing else. @see spec/v1/versions.md
 */

/** The largest number that a process or a descriptor can have: C's int. A larger one could wrap around to another. */
const intMax = 2_147_483_647;

export const name = text(1, limits.nameBytesMax);
const processId = integer(1, intMax);
const versionMax = 65_535;
const descriptor = integer(3, intMax);
const port = integer(1, 65_535);
const host = text(
  2,
  64,
  /^[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*(%[0-9A-Za-z._-]+)?$/,
  ", a literal IPv4 or IPv6 address",
);
const inode = text(1, 20, /^(0|[1-9][0-9]*)$/, ", decimal digits");
const path = text(
  1,
  limits.pathBytesMax,
  /^(\/[^\0]*|\0[\s\S]+)$/,
  ", absolute, or a NUL and an abstract name",
);
const features = array("features, each a string of 1 to 64 bytes", name, 0, limits.featuresMax);

const versionsMap = map<VersionRange>(
  "versions",
  { min: integer(1, versionMax), max: integer(1, versionMax) },
  [{ text: "`min` is not above `max`", holds: ({ min, max }) => min <= max }],
);

export const addressMaps = {
  tcp: taggedMap<TcpAddress, "kind">("kind", "tcp", { host, port, ipv6Only: optional(boolean) }),
  unix: taggedMap<UnixAddress, "kind">("kind", "unix", { path }),
  udp: taggedMap<UdpAddress, "kind">("kind", "udp", { host, port, ipv6Only: optional(boolean) }),
};

const listenerMap = map<Listener>("listener", {
  name,
  address: variants<Address, "kind">("an address map", "kind", addressMaps),
  descriptor,
  custody: optional(descriptor),
  inode: optional(inode),
});

const parentMap = map<Offer["parent"]>("parent", { pid: processId });
const deadlinesMap = map<Offer["deadlines"]>("deadlines", { commitMs: integer(1, limits.deadlineMsMax) });

const distinctFeatures: Rule<{ readonly features: readonly string[] }> = distinct(
  "the features",
  (message) => message.features,
);

export const offer = taggedMap<Offer, "type">(
  "type",
  "offer",
  {
    protocol: versionsMap,
    generation: integer(2, limits.integerMax),
    parent: parentMap,
    channel: descriptor,
    descriptorChannel: optional(descriptor),
    listeners: array("listener maps", listenerMap, 0, limits.listenersMax),
    deadlines: deadlinesMap,
    features,
  },
  [
    distinct("the names of the listeners", (message) => message.listeners.map((listener) => listener.name)),
    distinct("`channel`, `descriptorChannel`, every `descriptor` and every `custody`", descriptors),
    distinctFeatures,
  ],
);

function descriptors({ channel, descriptorChannel, listeners }: Offer): number[] {
  const all = [channel];
  if (descriptorChannel !== undefined) all.push(descriptorChannel);
  for (const listener of listeners) {
    all.push(listener.descriptor);
    if (listener.custody !== undefined) all.push(listener.custody);
  }
  return all;
}

export const accept = taggedMap<Accept, "type">(
  "type",
  "accept",
  { version: integer(1, versionMax), features, pid: processId },
  [distinctFeatures],
);

const code = name;
const message = text(0, limits.messageBytesMax);

export const refuse = taggedMap<Refuse, "type">("type", "refuse", { code, message, supported: versionsMap });

export const abort = taggedMap<Abort, "type">("type", "abort", { code, message });

/** The maps inside the messages above, for the specification's tables. */
export const bootstrapMaps = [versionsMap, parentMap, deadlinesMap, listenerMap];
