import { describe, expect, it } from "vitest";
import type { ParentFact, ParentState } from "../src/parent/state.js";
import { parentRole } from "../src/parent/table.js";
import { step } from "../src/table.js";
import { faultsOf, transcript } from "./transcript.js";

const at = (state: ParentState, ...facts: ParentFact[]) => ({ state, facts });

describe("the parent's table", () => {
  it("has a row or a reason in every cell, and leads only to its own states", () => {
    expect(faultsOf(parentRole as never)).toEqual([]);
  });

  it("refuses an event without a row, and changes nothing", () => {
    const position = Object.freeze(at("serving"));
    expect(() => step(parentRole, position, "readyReceived")).toThrow(
      "the parent has no row for readyReceived in state serving: nothing was changed",
    );
    expect(position).toEqual({ state: "serving", facts: [] });
  });
});

describe("a parent", () => {
  it("hands over: parks before it commits, drains after committed", () => {
    expect(
      transcript(
        parentRole,
        at("serving"),
        "handoffRequested",
        "childSpawned",
        "acceptReceived",
        "progressReceived",
        "readyReceived",
        "parked",
        "committedReceived",
        "drained",
      ),
    ).toEqual([
      "handoffRequested -> spawning: spawnChild",
      "childSpawned -> offering: nothing",
      "acceptReceived -> preparing: nothing",
      "progressReceived -> preparing: reportProgress",
      "readyReceived -> parking: parkListeners",
      "parked -> committing: sendCommit",
      "committedReceived -> draining: reportCommitted, sendSuperseded, drainConnections",
      "drained -> left: sendFarewell, leave",
    ]);
  });

  it("hands over with state: warm while it serves, final while it is parked", () => {
    expect(
      transcript(
        parentRole,
        at("offering"),
        "acceptReceived",
        "stateWantedReceived",
        "stateWantedReceived",
        "readyReceived",
        "parked",
        "stateAdoptedReceived",
      ),
    ).toEqual([
      "acceptReceived -> preparing: nothing",
      "stateWantedReceived -> preparing [stateful]: sendWarmState",
      "stateWantedReceived -> preparing [stateful]: sendWarmState",
      "readyReceived -> parking [stateful]: parkListeners",
      "parked -> transferring [stateful]: sendFinalState",
      "stateAdoptedReceived -> committing [stateful]: sendCommit",
    ]);
  });

  it("INV-6: accepts again when the child aborts while it parks, and waits for its exit", () => {
    expect(transcript(parentRole, at("parking"), "abortReceived", "childExited")).toEqual([
      "abortReceived -> aborting: unparkListeners",
      "childExited -> serving: reportAborted",
    ]);
  });

  it("INV-5: ends a child with SIGKILL that does not leave when it is told to", () => {
    expect(
      transcript(parentRole, at("preparing"), "deadlineExpired", "deadlineExpired", "childExited"),
    ).toEqual([
      "deadlineExpired -> aborting: sendAbort",
      "deadlineExpired -> ending: killChild",
      "childExited -> serving: reportAborted",
    ]);
  });

  it("INV-3: after commit was sent, accepts only when the child's exit is seen", () => {
    expect(
      transcript(parentRole, at("committing"), "deadlineExpired", "channelEnded", "childExited"),
    ).toEqual([
      "deadlineExpired -> fencing: killChild",
      "channelEnded -> fencing: ignored",
      "childExited -> serving: resumeConnections, unparkListeners, reportRolledBack",
    ]);
  });

  it("INV-2: takes the service back when the child dies while it drains", () => {
    expect(transcript(parentRole, at("draining"), "childExited")).toEqual([
      "childExited -> serving: resumeConnections, unparkListeners, reportRolledBack",
    ]);
  });

  it("gives up its way back before it says so, and leaves whatever the child does then", () => {
    expect(
      transcript(parentRole, at("draining"), "relinquishReceived", "childExited", "deadlineExpired"),
    ).toEqual([
      "relinquishReceived -> departing: releaseListeners, sendRelinquished",
      "childExited -> departing: keepConnections",
      "deadlineExpired -> left: cutConnections, sendFarewell, leave",
    ]);
  });

  it("passes on which generation is owner, and leaves at once when more drain than may", () => {
    expect(transcript(parentRole, at("departing"), "supersededReceived", "drainBoundHit")).toEqual([
      "supersededReceived -> departing: sendSuperseded",
      "drainBoundHit -> left: sendSuperseded, cutConnections, sendFarewell, leave",
    ]);
    expect(transcript(parentRole, at("draining"), "drainBoundHit")).toEqual([
      "drainBoundHit -> draining: ignored",
    ]);
  });

  it("begins the handoff that was asked for during one that failed", () => {
    expect(
      transcript(parentRole, at("offering"), "handoffRequested", "refuseReceived", "childExited"),
    ).toEqual([
      "handoffRequested -> offering [requested]: nothing",
      "refuseReceived -> aborting [requested]: nothing",
      "childExited -> spawning: reportAborted, spawnChild",
    ]);
  });

  it("passes the request on to its child where the handoff succeeds", () => {
    expect(transcript(parentRole, at("committing"), "handoffRequested", "committedReceived")).toEqual([
      "handoffRequested -> committing [requested]: nothing",
      "committedReceived -> draining: reportCommitted, sendSuperseded, sendRequest, drainConnections",
    ]);
  });

  it("serves until the child is gone when the service ends before commit", () => {
    expect(
      transcript(parentRole, at("transferring"), "terminationRequested", "childExited", "drained"),
    ).toEqual([
      "terminationRequested -> aborting [stopping]: unparkListeners, sendAbort",
      "childExited -> stopping [stopping]: reportAborted, closeListeners, drainConnections",
      "drained -> left [stopping]: leave",
    ]);
  });

  it("does not take back a service that its child was told to end", () => {
    expect(
      transcript(
        parentRole,
        at("committing"),
        "deadlineExpired",
        "committedReceived",
        "stopReceived",
        "childExited",
      ),
    ).toEqual([
      "deadlineExpired -> fencing: killChild",
      "committedReceived -> fencing: ignored",
      "stopReceived -> fencing [stopping]: nothing",
      "childExited -> stopping [stopping]: resumeConnections, reportRolledBack, closeListeners, drainConnections",
    ]);
  });
});
