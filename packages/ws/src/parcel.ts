import type { Handshake } from "./ws-internals.js";

/** What a parent's adapter tells the child's of one WebSocket. */
export interface Parcel {
  readonly handshake: Handshake;
  readonly binaryType: "nodebuffer" | "arraybuffer" | "fragments";
  /** Whether the application had called `pause()`. */
  readonly paused: boolean;
  /** What the application says. */
  readonly state?: unknown;
  /** The application cannot go on with it: it is to be closed. */
  readonly close?: true;
}

const format = 1;

/** @throws TypeError where the state is none that JSON has */
export function encodeParcel(parcel: Parcel): Uint8Array {
  return Buffer.from(JSON.stringify([format, parcel]));
}

/** Undefined: it is of a later format. */
export function decodeParcel(bytes: Uint8Array): Parcel | undefined {
  const [found, parcel] = JSON.parse(Buffer.from(bytes).toString()) as [number, Parcel];
  return found === format ? parcel : undefined;
}
