import type { Listener } from "@heirloom/protocol";

/*
 * What a generation and its keeper say to each other: JSON, the first of either side beside descriptors. The keeper's
 * `welcome` carries a lifeline; `owner` carries the listeners' descriptors, as an offer would.
 */

export interface Welcome {
  readonly type: "welcome";
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** This generation is owner: keep these, and start the next one with them should nobody be left. */
export interface Deposit {
  readonly type: "owner";
  readonly generation: number;
  readonly pid: number;
  /** Numbered for a child: the first descriptor that comes along is number `firstListenerDescriptor`. */
  readonly listeners: readonly Listener[];
}

/** The service was told to end: nobody is to be started again. In a line of its own. */
export interface Stopping {
  readonly type: "stopping";
}

/** The keeper was told to restart the service. In a line of its own, as is the answer. */
export interface RestartOrder {
  readonly type: "restart";
}

/** The order has arrived at somebody who sees to it: the owner, or a parent that has told its child. */
export interface RestartTaken {
  readonly type: "restarting";
}

/** The longest message, in bytes. */
export const keeperMessageBytesMax = 65_536;
