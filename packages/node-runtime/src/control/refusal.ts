import type { ErrorAnswer, ProcessId } from "./message.js";
import type { ControlSubject } from "./subject.js";

const handedOver = new Set(["draining", "departing"]);
const ending = new Set(["stopping", "left"]);

/** Why this process is the wrong one to ask; undefined where it is not. */
export function notOwner(subject: ControlSubject): ErrorAnswer | undefined {
  if (!handedOver.has(subject.states.parent)) return undefined;
  const owner = childOf(subject);
  const message = `generation ${owner.generation} (pid ${owner.pid}) is the owner: ask that one`;
  return { type: "error", code: "NOT_OWNER", message, owner };
}

/** Why no restart begins any more; undefined where one can. */
export function stopping(subject: ControlSubject): ErrorAnswer | undefined {
  if (!ending.has(subject.states.parent)) return undefined;
  return { type: "error", code: "STOPPING", message: "the service is ending: start it again instead" };
}

export function childOf({ service, childPid = 0 }: ControlSubject): ProcessId {
  return { generation: service.number + 1, pid: childPid };
}
