import { describe, expect, it } from "vitest";
import type { ChildFact, ChildState } from "../src/child/state.js";
import { childRole } from "../src/child/table.js";
import { step } from "../src/table.js";
import { faultsOf, transcript } from "./transcript.js";

const at = (state: ChildState, ...facts: ChildFact[]) => ({ state, facts });

describe("the child's table", () => {
  it("has a row or a reason in every cell, and leads only to its own states", () => {
    expect(faultsOf(childRole as never)).toEqual([]);
  });

  it("refuses an event without a row, and changes nothing", () => {
    const position = Object.freeze(at("preparing"));
    expect(() => step(childRole, position, "commitReceived")).toThrow(
      "the child has no row for commitReceived in state preparing: nothing was changed",
    );
    expect(position).toEqual({ state: "preparing", facts: [] });
  });
});

describe("a child", () => {
  it("founds the service where there is no parent", () => {
    expect(transcript(childRole, at("founding"), "readyDeclared")).toEqual([
      "readyDeclared -> owner: startAccepting, reportOwner",
    ]);
  });

  it("takes over: accepts at commit, and gives up what it does not want when its parent is out of the way", () => {
    expect(
      transcript(
        childRole,
        at("booting"),
        "offerRead",
        "readyDeclared",
        "commitReceived",
        "farewellReceived",
      ),
    ).toEqual([
      "offerRead -> preparing: sendAccept",
      "readyDeclared -> ready: sendReady",
      "commitReceived -> succeeding: startAccepting, sendCommitted, reportOwner, prepareAdoption",
      "farewellReceived -> owner: inheritConnections, discardDropped",
    ]);
  });

  it("imports state at any time before commit", () => {
    expect(
      transcript(
        childRole,
        at("preparing"),
        "stateReceived",
        "readyDeclared",
        "stateReceived",
        "stateImported",
        "commitReceived",
      ),
    ).toEqual([
      "stateReceived -> preparing: importState",
      "readyDeclared -> ready: sendReady",
      "stateReceived -> ready: importState",
      "stateImported -> ready: sendStateAdopted",
      "commitReceived -> succeeding: startAccepting, sendCommitted, reportOwner, prepareAdoption",
    ]);
  });

  it("INV-2: takes over when its parent dies, as soon as it could serve", () => {
    expect(transcript(childRole, at("preparing"), "parentDied", "readyDeclared")).toEqual([
      "parentDied -> orphaned: nothing",
      "readyDeclared -> owner: startAccepting, discardDropped, reportOwner",
    ]);
    expect(transcript(childRole, at("ready"), "parentDied")).toEqual([
      "parentDied -> owner: startAccepting, discardDropped, reportOwner",
    ]);
  });

  it("INV-3: leaves when the channel ends and the parent lives", () => {
    expect(transcript(childRole, at("ready"), "channelEnded")).toEqual(["channelEnded -> left: leave"]);
  });

  it("INV-5: leaves when its parent says nothing within the deadline", () => {
    expect(transcript(childRole, at("ready"), "deadlineExpired")).toEqual([
      "deadlineExpired -> left: sendAbort, leave",
    ]);
  });

  it("INV-7: refuses an offer of versions that it does not speak", () => {
    expect(transcript(childRole, at("booting"), "versionUnsupported")).toEqual([
      "versionUnsupported -> left: sendRefuse, leave",
    ]);
  });

  it("begins a handoff of its own only when its parent has relinquished", () => {
    expect(
      transcript(
        childRole,
        at("ready", "requested"),
        "commitReceived",
        "handoffRequested",
        "relinquishedReceived",
      ),
    ).toEqual([
      "commitReceived -> relinquishing: startAccepting, sendCommitted, reportOwner, prepareAdoption, sendRelinquish",
      "handoffRequested -> relinquishing: ignored",
      "relinquishedReceived -> owner: discardDropped, startHandoff",
    ]);
  });

  it("denies the handoff when its parent does not answer, and takes a late answer all the same", () => {
    expect(
      transcript(childRole, at("succeeding"), "requestReceived", "deadlineExpired", "relinquishedReceived"),
    ).toEqual([
      "requestReceived -> relinquishing: sendRelinquish",
      "deadlineExpired -> succeeding: denyHandoff",
      "relinquishedReceived -> owner: discardDropped",
    ]);
  });

  it("tells its draining parent when the service is told to end", () => {
    expect(transcript(childRole, at("succeeding"), "terminationRequested")).toEqual([
      "terminationRequested -> left: sendStop, stopServing",
    ]);
  });

  it("INV-4: tells a parent that it cannot hear that nothing can move to it any more, and is owner still", () => {
    for (const state of ["succeeding", "relinquishing", "owner", "left"] as const) {
      expect(transcript(childRole, at(state), "protocolViolated")).toEqual([
        `protocolViolated -> ${state}: declineConnections`,
      ]);
    }
  });
});
