import { encodeOffer, limits, supportedVersions } from "@heirloom/protocol";
import {
  channelDescriptor,
  descriptorChannelDescriptor,
  firstListenerDescriptor,
  type SpawnRequest,
} from "../process/spawn.js";
import { mayHaveSyscalls } from "../syscalls.js";
import type { Service } from "./service.js";

/** The optional abilities that a child is offered. */
export function offeredFeatures({ settings, streams }: Service): string[] {
  const features: string[] = [];
  if (streams.names.length > 0) features.push("state");
  if (settings.connections === "move" && mayHaveSyscalls()) features.push("connections");
  return features;
}

/** Seals the offer for a child, and names what it is started with. @throws HandoffError */
export function spawnRequest(service: Service, features: readonly string[]): SpawnRequest {
  const { number, compiled, listeners, settings } = service;
  // Each look at it reads it from the system.
  const { env, ...launch } = service.launch;
  const { park, commit } = settings.deadlinesMs;
  const offered = listeners.offer(firstListenerDescriptor);
  const offer = encodeOffer({
    type: "offer",
    protocol: supportedVersions,
    generation: number + 1,
    parent: { pid: process.pid },
    channel: channelDescriptor,
    descriptorChannel: descriptorChannelDescriptor,
    listeners: offered.listeners,
    deadlines: { commitMs: Math.min(park + commit, limits.deadlineMsMax) },
    features,
  });
  return {
    launch: { ...launch, env: { ...env, ...compiled.environment } },
    offer,
    descriptors: offered.descriptors,
  };
}
