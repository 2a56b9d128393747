import { expect, expectTypeOf, test } from "vitest";
import type {
  ChildEvent,
  ChildMessage,
  Code,
  Listener,
  Message,
  Offer,
  ParentEffect,
  ParentMessage,
  ParentState,
  Position,
  VersionRange,
} from "../src/index.js";
import * as protocol from "../src/index.js";

test("the public names are these, and no others", () => {
  expect(Object.keys(protocol).sort()).toEqual([
    "FrameDecoder",
    "HandoffError",
    "bootstrapTypes",
    "childRole",
    "decodeMessage",
    "decodeOffer",
    "defaultDeadlinesMs",
    "encodeFrame",
    "encodeMessage",
    "encodeOffer",
    "formatVersions",
    "limits",
    "negotiate",
    "parentRole",
    "rowsOf",
    "step",
    "supportedVersions",
  ]);
});

test("the codec's types: messages in, whole frames out, and undefined only for what may be ignored", () => {
  expectTypeOf(protocol.encodeMessage).parameters.toEqualTypeOf<[Message]>();
  expectTypeOf(protocol.encodeMessage).returns.toEqualTypeOf<Uint8Array>();
  expectTypeOf(protocol.decodeMessage).returns.toEqualTypeOf<Message | undefined>();
  expectTypeOf(protocol.encodeOffer).parameters.toEqualTypeOf<[Offer]>();
  expectTypeOf(protocol.decodeOffer).returns.toEqualTypeOf<Offer>();
  expectTypeOf<protocol.HandoffError["code"]>().toEqualTypeOf<Code>();
});

test("a message is told apart by its type, and belongs to a side", () => {
  expectTypeOf<Extract<Message, { type: "ready" }>["listeners"][number]["name"]>().toEqualTypeOf<string>();
  expectTypeOf<Extract<ParentMessage, { type: "commit" }>>().not.toBeNever();
  expectTypeOf<Extract<ChildMessage, { type: "commit" }>>().toBeNever();
  expectTypeOf<Listener["custody"]>().toEqualTypeOf<number | undefined>();
});

test("a step takes only the events of its role, and names its states and effects", () => {
  const position: Position<ParentState, never> = { state: "serving", facts: [] };
  const { effects } = protocol.step(protocol.parentRole, position, "handoffRequested");
  expectTypeOf(effects).toEqualTypeOf<readonly ParentEffect[]>();
  expectTypeOf<"commitReceived">().toExtend<ChildEvent>();
  // @ts-expect-error: a parent is never sent commit
  expect(() => protocol.step(protocol.parentRole, position, "commitReceived")).toThrow("no row");
  expectTypeOf(protocol.negotiate).returns.toEqualTypeOf<number | undefined>();
  expectTypeOf(protocol.supportedVersions).toEqualTypeOf<VersionRange>();
});
