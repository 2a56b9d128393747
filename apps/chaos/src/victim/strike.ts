import { closeSync, openSync, readdirSync, readlinkSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { now } from "../now.js";
import type { Kind } from "../plan/kind.js";
import { SLOW_BOOT_MS, SLOW_RETIREMENT_MS, STOP_LONG_MS } from "./deadlines.js";

/** Sockets that this process had before it spawned: the one that comes with the spawn is the channel. */
let socketsBefore = new Set<number>();
let channelDescriptor: number | undefined;
/** What that descriptor was: once the channel is closed, the number may be a client's connection. */
let channelSocket: string | undefined;
let hoard: number[] = [];

/** Faults that are in place before the program is loaded. */
export function atBoot(kind: Kind): void {
  const sealed = process.env.HEIRLOOM_OFFER;
  if (sealed === undefined) return;
  foundChannel(3);
  const rewrite = REWRITES[kind];
  if (rewrite === undefined && kind !== "newerChild") return;
  const protocol = loadProtocol();
  const { max } = protocol.supportedVersions;
  if (rewrite !== undefined) {
    process.env.HEIRLOOM_OFFER = protocol.encodeOffer(rewrite(protocol.decodeOffer(sealed), max));
    return;
  }
  const supported = { min: max + 1, max: max + 6 };
  const message = `this child speaks protocol version ${supported.min}-${supported.max}`;
  writeToChannel(protocol.encodeMessage({ type: "refuse", code: "VERSION_UNSUPPORTED", message, supported }));
  process.exit(1);
}

/** Only where it is needed, so that a process without such a fault is as it would be without any preload. */
function loadProtocol(): typeof import("@heirloom/protocol") {
  return createRequire(import.meta.url)("@heirloom/protocol");
}

type Offer = import("@heirloom/protocol").Offer;

const REWRITES: Partial<Record<Kind, (offer: Offer, max: number) => Offer>> = {
  newerParent: (offer, max) => ({ ...offer, protocol: { min: max + 1, max: max + 6 } }),
  overlappingVersions: (offer, max) => ({ ...offer, protocol: { min: max, max: max + 6 } }),
  wrongListener: (offer) => {
    const [first, second, ...rest] = offer.listeners;
    if (first === undefined || second === undefined) return offer;
    const swapped = [
      { ...first, descriptor: second.descriptor },
      { ...second, descriptor: first.descriptor },
    ];
    return { ...offer, listeners: [...swapped, ...rest] };
  },
};

/** Finds the parent's end of the channel: the first socket that a spawn brings. The second is the descriptor channel's. */
export function atSpawn(when: string): void {
  if (when === "before") socketsBefore = new Set(sockets());
  else foundChannel(sockets().find((descriptor) => !socketsBefore.has(descriptor)));
}

function foundChannel(descriptor: number | undefined): void {
  channelDescriptor = descriptor;
  channelSocket = descriptor === undefined ? undefined : socketAt(descriptor);
}

/** Ends the want of descriptors: the handoff has met it by now. */
export function atEvent(event: string): void {
  if (event !== "readyDeclared") release();
}

/** Ends it in the same turn as the batch came: a process that accepts without a free descriptor turns clients away. */
export function atEffect(effect: string, when: string): void {
  if (effect === "adoptConnections" && when === "after") release();
}

/** What the application has to wait for before it goes on. */
export function atAppStep(kind: Kind, step: string): Promise<void> | undefined {
  if (step === "adopting" && kind === "emfileChild") takeEveryDescriptor();
  if (step === "adopted") release();
  if (step === "retiring" && kind === "slowRetirement") return pause(SLOW_RETIREMENT_MS);
  if (step === "retiring" && kind === "failedRetirement")
    return Promise.reject(new Error("failed on purpose"));
  if (step === "importing" && kind === "refusedState") return Promise.reject(new Error("refused on purpose"));
  if (step === "exporting" && kind === "failedExport") return Promise.reject(new Error("failed on purpose"));
  if (step !== "adopted") return undefined;
  if (kind === "neverReady") return new Promise(() => setInterval(() => {}, 1_000));
  if (kind === "slowBoot") return pause(SLOW_BOOT_MS);
  return undefined;
}

/** What a process does to itself. */
export function strikeSelf(kind: Kind): void {
  SELF[kind]?.();
}

const SHUT_RDWR = 2;
const NOISE = Buffer.from("ff00ff00deadbeef6e6f69736500", "hex");

const SELF: Partial<Record<Kind, () => void>> = {
  exit0: () => process.exit(0),
  exit1: () => process.exit(1),
  askedWhileFailing: () => process.exit(1),
  exitWhenAsked: () => process.exit(1),
  exitWhenStopped: () => process.exit(1),
  exception: () => {
    throw new Error("thrown on purpose");
  },
  rejection: () => void Promise.reject(new Error("rejected on purpose")),
  busyLoop: () => {
    const end = now() + STOP_LONG_MS;
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    // Its event loop never comes round, and the other services have the processors most of the time.
    while (now() < end) Atomics.wait(nobody, 0, 0, 5);
  },
  outOfMemory: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(100_000).fill(kept.length));
  },
  garbageFrame: () => writeToChannel(NOISE),
  closedChannel: () => {
    const koffi: typeof import("koffi") = createRequire(import.meta.url)("koffi");
    // Closed, the descriptor's number would be the next one's, and the runtime would write to that.
    koffi.load(null).func("int shutdown(int, int)")(channelDescriptor, SHUT_RDWR);
  },
  noiseThenDeath: () => {
    writeToChannel(NOISE);
    process.kill(process.pid, "SIGKILL");
  },
  abortThenDeath: () => {
    const message = "aborted on purpose";
    writeToChannel(loadProtocol().encodeMessage({ type: "abort", code: "STOPPING", message }));
    process.kill(process.pid, "SIGKILL");
  },
  halfFrame: () => writeToChannel(Buffer.from("0000006481a474797065", "hex")),
  oversizedFrame: () => writeToChannel(Buffer.from("7fffffff81a474797065", "hex")),
  emfileParent: takeEveryDescriptor,
  emfileBatch: () => {
    takeEveryDescriptor();
    // Half of a batch arrives.
    const spare = hoard.pop();
    if (spare !== undefined) closeSync(spare);
  },
};

function writeToChannel(bytes: Uint8Array): void {
  if (channelDescriptor === undefined || socketAt(channelDescriptor) !== channelSocket) return;
  try {
    writeSync(channelDescriptor, bytes);
  } catch {
    // The other side is gone already.
  }
}

function takeEveryDescriptor(): void {
  try {
    for (;;) hoard.push(openSync("/dev/null", "r"));
  } catch {
    // None is left: that was the purpose.
  }
}

function release(): void {
  for (const descriptor of hoard) closeSync(descriptor);
  hoard = [];
}

/** Such as `socket:[4711]`; undefined where there is none. */
function socketAt(descriptor: number): string | undefined {
  try {
    const target = readlinkSync(`/proc/self/fd/${descriptor}`);
    return target.startsWith("socket:") ? target : undefined;
  } catch {
    return undefined;
  }
}

function sockets(): number[] {
  const found: number[] = [];
  let names: string[] = [];
  try {
    names = readdirSync("/proc/self/fd");
  } catch {
    // There is no descriptor left to read the folder with.
  }
  for (const name of names) {
    // One of them is that of the folder being read.
    if (socketAt(Number(name)) !== undefined) found.push(Number(name));
  }
  return found;
}
