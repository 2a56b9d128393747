import type { Caller } from "./caller.js";
import type { HandoffFeed } from "./handoff-feed.js";
import { notOwner } from "./refusal.js";
import type { ControlSubject } from "./subject.js";
import { tellDraining } from "./tell-draining.js";

/** Ends the service, and tells the caller when this process has finished what it accepted. */
export function stop(subject: ControlSubject, feed: HandoffFeed, caller: Caller): void {
  const refusal = notOwner(subject);
  if (refusal !== undefined) {
    caller.end(refusal);
    return;
  }
  const unlisten = feed.listen({
    left: () => caller.end({ type: "outcome", outcome: "stopped", drain: subject.service.drainer.counts() }),
  });
  caller.gone(unlisten);
  tellDraining(subject, caller);
  subject.stop();
}
