import { realpathSync } from "node:fs";
import type { ParentState } from "@heirloom/protocol";
import type { HandoffFeed } from "./handoff-feed.js";
import { type ConnectionCounts, controlVersion, type ReleaseInfo, type StatusAnswer } from "./message.js";
import type { ControlSubject } from "./subject.js";

const activities: Partial<Record<ParentState, StatusAnswer["activity"]>> = {
  serving: "serving",
  draining: "draining",
  departing: "draining",
  stopping: "stopping",
  left: "stopping",
};

/** What this process says of itself. */
export function statusOf(
  { service, states, isOwner, keeper }: ControlSubject,
  feed: HandoffFeed,
  identity: { readonly name: string; readonly release: ReleaseInfo },
): StatusAnswer {
  const memory = memoryOf();
  const { progress, lastFailure } = feed;
  return {
    type: "status",
    version: controlVersion,
    service: identity.name,
    generation: service.number,
    pid: process.pid,
    isOwner,
    activity: activities[states.parent] ?? "handing over",
    startedAt: Math.round(performance.timeOrigin),
    states,
    release: identity.release,
    listeners: service.listeners.held,
    connections: connectionsOf(service),
    ...(memory && { memory }),
    ...(keeper && { keeper }),
    ...(progress && { handoff: progress }),
    ...(lastFailure && { lastFailure }),
  };
}

function memoryOf(): StatusAnswer["memory"] {
  try {
    const { rss, heapUsed } = process.memoryUsage();
    return { rssBytes: rss, heapUsedBytes: heapUsed };
  } catch {
    // It opens a file of /proc.
    return undefined;
  }
}

export function connectionsOf({ drainer }: ControlSubject["service"]): ConnectionCounts {
  return { open: drainer.open, ...drainer.classes };
}

/** To be read once, at the start: a link may lead to another release later. */
export function readRelease(name: string | undefined): ReleaseInfo {
  const [, script = ""] = process.argv;
  return {
    ...(name !== undefined && { name }),
    cwd: process.cwd(),
    script: resolved(script),
    node: process.version,
  };
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
