import { channel } from "node:diagnostics_channel";

/** An event that a machine took, published on `heirloom:event` before its effects are executed. */
export interface EventStep {
  readonly generation: number;
  /** `parent` or `child`: the machine, not the process. One generation is first a child, then a parent. */
  readonly role: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
}

/** An effect, published on `heirloom:effect` right before and right after it is executed. */
export interface EffectStep {
  readonly generation: number;
  readonly role: string;
  readonly effect: string;
  readonly when: "before" | "after";
}

const events = channel("heirloom:event");
const effects = channel("heirloom:effect");

export function publishEvent(step: EventStep): void {
  if (events.hasSubscribers) events.publish(step);
}

export function publishEffect(step: EffectStep): void {
  if (effects.hasSubscribers) effects.publish(step);
}
