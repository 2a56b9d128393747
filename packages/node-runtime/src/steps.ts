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

/** What a child says that it is busy with before it is ready, published on `heirloom:progress` by its parent. */
export interface ProgressStep {
  /** The parent's. */
  readonly generation: number;
  readonly step: string;
  /** How much of the step is done, in thousandths. */
  readonly permille?: number;
}

const events = channel("heirloom:event");
const effects = channel("heirloom:effect");
const progress = channel("heirloom:progress");

export function publishEvent(step: EventStep): void {
  if (events.hasSubscribers) events.publish(step);
}

export function publishProgress(step: ProgressStep): void {
  if (progress.hasSubscribers) progress.publish(step);
}

export function publishEffect(step: EffectStep): void {
  if (effects.hasSubscribers) effects.publish(step);
}
