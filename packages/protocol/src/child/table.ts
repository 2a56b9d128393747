import type { Cell, Ignored, Role } from "../table.js";
import type { ChildEffect, ChildEvent, ChildFact, ChildState } from "./state.js";

type ChildCell = Cell<ChildState, ChildEffect, ChildFact>;
type Rows = Readonly<Partial<Record<ChildEvent, ChildCell>>>;

const because = (ignored: string): Ignored => ({ ignored });

const becomeOwner = (next: ChildState, ...effects: ChildEffect[]): ChildCell => [
  {
    when: "requested",
    next: next === "succeeding" ? "relinquishing" : next,
    effects: [...effects, next === "succeeding" ? "sendRelinquish" : "startHandoff"],
    forgets: "requested",
  },
  { next, effects },
];

/** What a child that is not owner does when its parent, its application or its operator ends the handoff. */
const beforeCommit = (state: ChildState): Rows => ({
  handoffRequested: { next: state, notes: "requested" },
  requestReceived: { next: state, notes: "requested" },
  preparationFailed: { next: "left", effects: ["sendAbort", "leave"] },
  stateReceived: { next: state, effects: ["importState"] },
  stateRejected: { next: "left", effects: ["sendAbort", "leave"] },
  abortReceived: { next: "left", effects: ["leave"] },
  // The parent lives and serves, or it would have died: this handoff is over.
  channelEnded: { next: "left", effects: ["leave"] },
  protocolViolated: { next: "left", effects: ["sendAbort", "leave"] },
  terminationRequested: { next: "left", effects: ["sendAbort", "leave"] },
});

/** What an owner whose parent still drains does when that parent is out of the way. */
const parentGone = (...effects: ChildEffect[]): Rows => ({
  farewellReceived: { next: "owner", effects: ["inheritConnections", "discardDropped", ...effects] },
  parentDied: { next: "owner", effects: ["inheritConnections", "discardDropped", ...effects] },
});

/** What an owner does about connections that its parent moves to it, for as long as that parent lives. */
const adopting = (state: ChildState): Rows => ({
  adoptionPrepared: { next: state, effects: ["sendConnectionsAwaited"] },
  connectionsReceived: { next: state, effects: ["adoptConnections"] },
  connectionsLateReceived: { next: state, effects: ["keepLateBytes"] },
  connectionsReleasedReceived: { next: state, effects: ["takeConnections"] },
  // Its process still runs and could end this one: only its death or its farewell counts. But the next batch would not be seen.
  protocolViolated: { next: state, effects: ["declineConnections"] },
});

const endOfService: Rows = {
  stopReceived: { next: "left", effects: ["stopServing"] },
  terminationRequested: { next: "left", effects: ["sendStop", "stopServing"] },
  channelEnded: because(
    "the parent's process still runs and could end this one: only its death or its farewell counts",
  ),
  stateReceived: because("state after commit has no effect"),
  stateImported: because("the parent did not wait for it"),
  stateRejected: because("the parent did not wait for it"),
  preparationFailed: because("this generation is owner already"),
  abortReceived: because("a parent cannot abort after commit"),
};

const afterwards: Rows = {
  relinquishedReceived: because("the parent was out of the way already"),
  requestReceived: because("the parent was out of the way already"),
  stopReceived: because("the parent was out of the way already"),
  abortReceived: because("the parent was out of the way already"),
  commitReceived: because("this generation took over without it"),
  stateReceived: because("the parent was out of the way already"),
  stateImported: because("nobody waits for it any more"),
  stateRejected: because("nobody waits for it any more"),
  channelEnded: because("the parent was out of the way already"),
};

/**
 * The child: from the offer, or from nothing, to the one owner.
 * @see spec/v1/states.md
 */
export const childRole: Role<ChildState, ChildEvent, ChildEffect, ChildFact> = {
  name: "child",
  initial: ["founding", "booting"],
  deadlines: { ready: "commit", relinquishing: "relinquish" },
  table: {
    founding: {
      readyDeclared: becomeOwner("owner", "startAccepting", "reportOwner"),
      preparationFailed: { next: "left", effects: ["leave"] },
      handoffRequested: { next: "founding", notes: "requested" },
      terminationRequested: { next: "left", effects: ["leave"] },
    },

    booting: {
      offerRead: { next: "preparing", effects: ["sendAccept"] },
      versionUnsupported: { next: "left", effects: ["sendRefuse", "leave"] },
      terminationRequested: { next: "left", effects: ["sendAbort", "leave"] },
      handoffRequested: { next: "booting", notes: "requested" },
    },

    preparing: {
      ...beforeCommit("preparing"),
      streamCarried: { next: "preparing", effects: ["sendStateWanted"] },
      readyDeclared: { next: "ready", effects: ["sendReady"] },
      parentDied: { next: "orphaned" },
    },

    ready: {
      ...beforeCommit("ready"),
      stateImported: { next: "ready", effects: ["sendStateAdopted"] },
      commitReceived: becomeOwner(
        "succeeding",
        "startAccepting",
        "sendCommitted",
        "reportOwner",
        "prepareAdoption",
      ),
      // It is not known whether the dead parent had parked: nobody accepts now but this generation.
      parentDied: becomeOwner("owner", "startAccepting", "discardDropped", "reportOwner"),
      // A parent that hangs is not dead. It goes on when it wakes; this generation must not be in its way.
      deadlineExpired: { next: "left", effects: ["sendAbort", "leave"] },
    },

    orphaned: {
      readyDeclared: becomeOwner("owner", "startAccepting", "discardDropped", "reportOwner"),
      preparationFailed: { next: "left", effects: ["leave"] },
      handoffRequested: { next: "orphaned", notes: "requested" },
      terminationRequested: { next: "left", effects: ["leave"] },
      stateRejected: because(
        "half of a dead parent's state is worth nothing: this generation starts without it",
      ),
      stateImported: because(
        "half of a dead parent's state is worth nothing: this generation starts without it",
      ),
    },

    succeeding: {
      ...adopting("succeeding"),
      ...parentGone(),
      ...endOfService,
      handoffRequested: { next: "relinquishing", effects: ["sendRelinquish"] },
      requestReceived: { next: "relinquishing", effects: ["sendRelinquish"] },
      // An answer that came too late for the request is as good as ever.
      relinquishedReceived: { next: "owner", effects: ["discardDropped"] },
    },

    relinquishing: {
      ...adopting("relinquishing"),
      ...parentGone("startHandoff"),
      ...endOfService,
      relinquishedReceived: { next: "owner", effects: ["discardDropped", "startHandoff"] },
      handoffRequested: because("one handoff is about to begin: it serves this request, too"),
      requestReceived: because("one handoff is about to begin: it serves this request, too"),
      // A parent that does not answer could still come back: a third generation now could make two owners.
      deadlineExpired: { next: "succeeding", effects: ["denyHandoff"] },
    },

    owner: {
      ...afterwards,
      ...adopting("owner"),
      // A parent that has relinquished may still have had connections to move.
      farewellReceived: { next: "owner", effects: ["inheritConnections"] },
      parentDied: { next: "owner", effects: ["inheritConnections"] },
      handoffRequested: { next: "owner", effects: ["startHandoff"] },
      terminationRequested: { next: "owner", effects: ["stopServing"] },
    },

    left: {
      ...afterwards,
      ...adopting("left"),
      adoptionPrepared: because("this generation is leaving"),
      // The service ends: what its parent has, its parent finishes. What was on its way is finished here.
      connectionsReceived: { next: "left", effects: ["refuseConnections"] },
      farewellReceived: { next: "left", effects: ["inheritConnections"] },
      parentDied: { next: "left", effects: ["inheritConnections"] },
      preparationFailed: because("this generation is leaving"),
      readyDeclared: because("this generation is leaving"),
      handoffRequested: because("this generation is leaving"),
      terminationRequested: because("this generation is leaving"),
    },
  },
};
