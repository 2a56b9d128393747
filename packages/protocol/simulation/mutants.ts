import type { ChildEffect, ChildEvent, ChildFact, ChildState } from "../src/child/state.js";
import type { ParentEffect, ParentEvent, ParentFact, ParentState } from "../src/parent/state.js";
import type { Transition } from "../src/table.js";
import { changes, withCell, withRows } from "./mutation.js";
import type { Machines } from "./turn.js";

type ParentRow = Transition<ParentState, ParentEffect, ParentFact>;
type ChildRow = Transition<ChildState, ChildEffect, ChildFact>;

const inParent =
  (state: ParentState, event: ParentEvent, change: (row: ParentRow) => ParentRow) =>
  ({ parent, child }: Machines): Machines => ({ parent: withRows(parent, state, event, change), child });

const inChild =
  (state: ChildState, event: ChildEvent, change: (row: ChildRow) => ChildRow) =>
  ({ parent, child }: Machines): Machines => ({ parent, child: withRows(child, state, event, change) });

const p = changes<ParentState, ParentEffect, ParentFact>();
const c = changes<ChildState, ChildEffect, ChildFact>();

/** The parent's table with a reason to ignore an event where it has no row. */
const parentIgnores =
  (state: ParentState, event: ParentEvent) =>
  ({ parent, child }: Machines): Machines => ({
    parent: withCell(parent, state, event, { ignored: "broken on purpose" }),
    child,
  });

const withoutDeadline =
  (side: "parent" | "child", state: ParentState | ChildState) =>
  (machines: Machines): Machines => {
    const role = machines[side];
    const deadlines: Record<string, unknown> = { ...role.deadlines };
    if (deadlines[state] === undefined) throw new Error(`no deadline runs in ${state}: nothing to break`);
    delete deadlines[state];
    return { ...machines, [side]: { ...role, deadlines } };
  };

export interface Mutant {
  readonly name: string;
  readonly breakIt: (machines: Machines) => Machines;
}

/** A program that somebody could have written, and must not. */
const mutant = (name: string, breakIt: Mutant["breakIt"]): Mutant => ({ name, breakIt });

export const mutants = {
  closesInsteadOfParking: mutant(
    "closes its listeners instead of parking them",
    inParent("preparing", "readyReceived", p.swap("parkListeners", "parkListeners", "closeListeners")),
  ),
  commitsBeforeReady: mutant(
    "commits when the child accepts the offer",
    inParent("offering", "acceptReceived", p.to("committing", "parkListeners", "sendCommit")),
  ),
  commitsWithoutParking: mutant(
    "commits when the child is ready, and goes on accepting",
    inParent("preparing", "readyReceived", p.to("committing", "sendCommit")),
  ),
  commitsBeforeParked: mutant(
    "commits before exclusive work has stopped",
    inParent("preparing", "readyReceived", p.to("committing", "parkListeners", "sendCommit")),
  ),
  commitsBeforeStateAdopted: mutant(
    "commits before the child has imported the final state, and forgets the deadline for it",
    inParent("parking", "parked", p.to("transferring")),
  ),
  expectsStateOfEveryChild: mutant(
    "waits for a child to import what another child wanted",
    inParent("offering", "acceptReceived", p.withoutForgets),
  ),
  forgetsTheFence: mutant(
    "brings its listeners back without ending a child that may be owner",
    inParent("committing", "deadlineExpired", p.to("serving", "unparkListeners", "reportRolledBack")),
  ),
  unparksBeforeTheExit: mutant(
    "accepts again when it sends SIGKILL, not when the child is gone",
    inParent("committing", "channelEnded", p.to("fencing", "killChild", "unparkListeners")),
  ),
  fencesWithoutSigkill: mutant(
    "waits for the exit of a child that it never ends",
    inParent("committing", "deadlineExpired", p.without("killChild")),
  ),
  leavesOnSent: mutant("drains as soon as commit is sent", (machines) =>
    inParent("parking", "parked", (row) =>
      row.when === "stateful"
        ? row
        : p.to("draining", "sendCommit", "reportCommitted", "drainConnections")(row),
    )(parentIgnores("draining", "committedReceived")(machines)),
  ),
  exitsOnTheEndOfTheChannel: mutant(
    "leaves when the child's end of the channel is closed while it drains",
    inParent("draining", "channelEnded", p.to("left", "cutConnections", "leave")),
  ),
  rollsBackOnTheEndOfTheChannel: mutant(
    "accepts again on the end of the channel, before the child's exit",
    (machines) =>
      inParent(
        "draining",
        "channelEnded",
        p.to("serving", "resumeConnections", "unparkListeners", "reportRolledBack"),
      )(parentIgnores("stopping", "childExited")(parentIgnores("serving", "childExited")(machines))),
  ),
  neverUnparks: mutant(
    "stays parked when a child fails before commit",
    inParent("parking", "deadlineExpired", p.without("unparkListeners")),
  ),
  neverUnparksAfterRollback: mutant(
    "stays parked when the child dies while it drains",
    inParent("draining", "childExited", p.without("unparkListeners")),
  ),
  neverResumes: mutant(
    "goes on draining after a rollback",
    inParent("draining", "childExited", p.without("resumeConnections")),
  ),
  noReadyDeadline: mutant("waits for a child's ready for ever", (machines) =>
    withoutDeadline("parent", "preparing")(machines),
  ),
  noParkDeadline: mutant("waits for exclusive work to stop for ever", withoutDeadline("parent", "parking")),
  noCommitDeadline: mutant("waits for committed for ever", withoutDeadline("parent", "committing")),
  noDrainDeadline: mutant("drains for ever", withoutDeadline("parent", "draining")),
  noExitDeadline: mutant(
    "waits for ever for a child that was told to leave",
    withoutDeadline("parent", "aborting"),
  ),
  noCommitDeadlineInTheChild: mutant("waits for commit for ever", withoutDeadline("child", "ready")),
  noRelinquishDeadline: mutant("waits for relinquished for ever", withoutDeadline("child", "relinquishing")),
  ignoresAbort: mutant("a child ignores abort", inChild("preparing", "abortReceived", c.to("preparing"))),
  ignoresAbortWithoutKill: mutant(
    "a child that ignores abort, and a parent that does not end it",
    (machines) =>
      withoutDeadline(
        "parent",
        "aborting",
      )(inChild("ready", "abortReceived", c.to("ready"))(withoutDeadline("child", "ready")(machines))),
  ),
  takesOverOnChannelEnded: mutant(
    "a child takes over when the channel ends, and the parent lives",
    inChild("ready", "channelEnded", c.to("owner", "startAccepting", "reportOwner")),
  ),
  leavesOnParentDied: mutant(
    "a child leaves when its parent dies",
    inChild("preparing", "parentDied", c.to("left", "leave")),
  ),
  takesOverBeforeReady: mutant(
    "an orphan accepts before it is ready, and again when it is",
    inChild("preparing", "parentDied", c.to("orphaned", "startAccepting")),
  ),
  acceptsAtReady: mutant(
    "a child accepts when it is ready",
    inChild("preparing", "readyDeclared", c.to("ready", "startAccepting", "sendReady")),
  ),
  acceptsAtAccept: mutant(
    "a child accepts connections when it accepts the offer",
    inChild("booting", "offerRead", c.to("preparing", "sendAccept", "startAccepting")),
  ),
  saysCommittedFirst: mutant(
    "a child says committed before it accepts",
    inChild("ready", "commitReceived", c.to("succeeding", "sendCommitted", "startAccepting", "reportOwner")),
  ),
  neverAccepts: mutant(
    "an owner never accepts",
    inChild("ready", "commitReceived", c.without("startAccepting")),
  ),
  startsWithoutRelinquish: mutant(
    "starts a handoff while its parent could still come back",
    inChild("succeeding", "handoffRequested", c.to("owner", "startHandoff")),
  ),
  startsWhenTheAnswerIsLate: mutant(
    "starts a handoff when its parent does not answer",
    inChild("relinquishing", "deadlineExpired", c.to("owner", "startHandoff")),
  ),
  rollsBackAfterRelinquished: mutant(
    "comes back after it has relinquished",
    inParent("draining", "relinquishReceived", p.to("draining", "sendRelinquished")),
  ),
  keepsItsSocketsAfterRelinquished: mutant(
    "keeps parked sockets that it can never use again",
    inParent("draining", "relinquishReceived", p.without("releaseListeners")),
  ),
  neverAnswersRelinquish: mutant(
    "relinquishes without saying so",
    inParent("draining", "relinquishReceived", p.without("sendRelinquished")),
  ),
  stopsWithoutSendStop: mutant(
    "ends the service without a word to its draining parent",
    inChild("succeeding", "terminationRequested", c.without("sendStop")),
  ),
  endsWithoutSendStop: mutant(
    "a draining parent that is told to end tells nobody",
    inParent("draining", "terminationRequested", p.without("sendStop")),
  ),
  revivesTheService: mutant(
    "forgets, while it fences, that the service was told to end",
    inParent("fencing", "stopReceived", p.withoutNotes),
  ),
  staysParkedWhenTheServiceEnds: mutant(
    "keeps its listeners parked when the service ends before commit",
    inParent("parking", "terminationRequested", p.without("unparkListeners")),
  ),
  forgetsRequested: mutant(
    "forgets a request that came during a handoff",
    inParent("preparing", "handoffRequested", p.withoutNotes),
  ),
  forgetsRequestedInTheChild: mutant(
    "a child forgets a request that came before it was owner",
    inChild("preparing", "handoffRequested", c.withoutNotes),
  ),
  forgetsTheEnd: mutant(
    "forgets that the service was told to end while it committed",
    inParent("committing", "terminationRequested", p.withoutNotes),
  ),
  reportsNothing: mutant(
    "aborts without a report",
    inParent("aborting", "childExited", p.without("reportAborted")),
  ),
  reportsNoRollback: mutant(
    "rolls back without a report",
    inParent("draining", "childExited", p.without("reportRolledBack")),
  ),
  resetsConnections: mutant(
    "leaves with open connections at the drain deadline",
    inParent("draining", "deadlineExpired", p.without("cutConnections")),
  ),
  cutsInsteadOfDraining: mutant(
    "never asks its connections to finish, and cuts them",
    inParent("committing", "committedReceived", p.without("drainConnections")),
  ),
  servesOnWithoutAVersion: mutant(
    "goes on without a common version",
    inChild("booting", "versionUnsupported", c.to("preparing", "sendAccept")),
  ),
  neverRefuses: mutant(
    "says nothing when versions do not meet, and stays",
    inChild("booting", "versionUnsupported", c.to("booting")),
  ),
  leavesBeforeTheChildIsGone: mutant(
    "treats its child's exit while it drains like the end of its own work",
    inParent("draining", "childExited", p.to("left", "cutConnections", "leave")),
  ),
  keepsWhatNobodyWants: mutant(
    "never gives up the sockets that it does not want",
    inChild("succeeding", "farewellReceived", c.without("discardDropped")),
  ),
  discardsTooEarly: mutant(
    "gives up sockets while its parent could still come back",
    inChild("ready", "commitReceived", c.swap("sendCommitted", "sendCommitted", "discardDropped")),
  ),
  readsAtAdopted: mutant(
    "reads from connections as soon as it has them",
    inChild("succeeding", "connectionsReceived", c.to("succeeding", "adoptConnections", "takeConnections")),
  ),
  closesAtSent: mutant(
    "closes its connections when it has sent them",
    inParent("draining", "connectionsPaused", p.to("draining", "sendConnections", "cutConnections")),
  ),
  releasesBeforeAdopted: mutant(
    "releases connections when it has sent them",
    inParent("draining", "connectionsPaused", p.to("draining", "sendConnections", "releaseConnections")),
  ),
  releasesWhatWasRefused: mutant(
    "releases connections that its child could not take",
    inParent("draining", "connectionsRefusedReceived", p.to("draining", "releaseConnections")),
  ),
  keepsWhatWasAdopted: mutant(
    "reads again from connections that its child has adopted",
    inParent("draining", "connectionsAdoptedReceived", p.to("draining", "keepConnections")),
  ),
  keepsAtTheEndOfTheChannel: mutant(
    "reads again from what is on its way when the channel ends, before the exit",
    inParent("draining", "channelEnded", p.to("fencing", "keepConnections", "killChild")),
  ),
  keepsAtGarbage: mutant(
    "reads again from what is on its way when its child breaks the protocol",
    ({ parent, child }) => ({
      parent: withCell(parent, "draining", "protocolViolated", {
        next: "draining",
        effects: ["keepConnections"],
      }),
      child,
    }),
  ),
  forgetsWhatWasOnItsWay: mutant(
    "does not read again from what was on its way when its child dies, having relinquished",
    inParent("departing", "childExited", p.without("keepConnections")),
  ),
  forgetsWhatWasRefused: mutant(
    "does not read again from connections that its child could not take",
    inParent("draining", "connectionsRefusedReceived", p.without("keepConnections")),
  ),
  forgetsWhatWasDeclined: mutant(
    "does not read again from connections that its deaf child will never see",
    inParent("draining", "connectionsDeclinedReceived", p.without("keepConnections")),
  ),
  declinesNothing: mutant(
    "a child that is deaf lets its parent wait for answers",
    inChild("succeeding", "protocolViolated", c.without("declineConnections")),
  ),
  forgetsToInherit: mutant(
    "forgets what it adopted of a parent that died",
    inChild("succeeding", "parentDied", c.without("inheritConnections")),
  ),
  inheritsAtTheEndOfTheChannel: mutant(
    "reads from what it adopted when the channel ends, and its parent lives",
    ({ parent, child }) => ({
      parent,
      child: withCell(child, "succeeding", "channelEnded", {
        next: "succeeding",
        effects: ["inheritConnections"],
      }),
    }),
  ),
  refusesSilently: mutant(
    "does not say that it takes no connections any more",
    inChild("left", "connectionsReceived", c.without("refuseConnections")),
  ),
  neverTakes: mutant(
    "never reads from connections that were released",
    inChild("succeeding", "connectionsReleasedReceived", c.without("takeConnections")),
  ),
  dropsLateBytes: mutant(
    "drops what its parent had read of a connection",
    inChild("succeeding", "connectionsLateReceived", c.without("keepLateBytes")),
  ),
  leavesWhatIsOnItsWay: mutant(
    "leaves when its child dies, with connections on their way",
    ({ parent, child }) => ({
      parent: withCell(parent, "departing", "childExited", {
        next: "left",
        effects: ["leave"],
      }),
      child,
    }),
  ),
  movesTooEarly: mutant(
    "moves connections before its child awaits any",
    inParent(
      "draining",
      "relinquishReceived",
      p.swap("sendRelinquished", "moveConnections", "sendRelinquished"),
    ),
  ),
  asksForNothing: mutant(
    "asks its child for a handoff whenever it has committed",
    inParent("committing", "committedReceived", ({ when, ...row }) =>
      when === "requested" ? row : { ...row, ...(when && { when }) },
    ),
  ),
  ignoresARequest: mutant("ignores a request while a child is under way", ({ parent, child }) => ({
    parent: withCell(parent, "offering", "handoffRequested", { ignored: "broken on purpose" }),
    child,
  })),
  waitsLongForALostChild: mutant(
    "goes on waiting for ready when the child has said that it fails",
    inParent("offering", "abortReceived", p.to("offering")),
  ),
  drainsWhileItAccepts: mutant(
    "tells its connections to go while new ones come in",
    inParent("serving", "terminationRequested", p.to("stopping", "drainConnections", "closeListeners")),
  ),
  leavesWithoutAWord: mutant(
    "leaves without a farewell",
    inParent("draining", "drained", p.without("sendFarewell")),
  ),
  discardsState: mutant(
    "reads warm state and drops it",
    inChild("preparing", "stateReceived", c.to("preparing")),
  ),
  keepsProgressToItself: mutant(
    "tells nobody what its child is busy with",
    inParent("preparing", "progressReceived", p.to("preparing")),
  ),
  boundsTheWrongWait: mutant(
    "ends a child by the drain deadline that it is late with",
    ({ parent, child }) => ({
      parent: { ...parent, deadlines: { ...parent.deadlines, preparing: "drain" } },
      child,
    }),
  ),
  keepsItsChildToItself: mutant(
    "does not tell its draining parent that its child is owner",
    inParent("committing", "committedReceived", p.without("sendSuperseded")),
  ),
  passesNothingOn: mutant(
    "does not pass on that a later generation is owner",
    inParent("departing", "supersededReceived", p.to("departing")),
  ),
  drainsBeyondTheBound: mutant(
    "drains on when more generations drain than may",
    inParent("departing", "drainBoundHit", p.to("departing", "sendSuperseded")),
  ),
  leavesAloneAtTheBound: mutant(
    "leaves when too many drain, and does not tell those that are older still",
    inParent("departing", "drainBoundHit", p.without("sendSuperseded")),
  ),
  leavesOpenAtTheBound: mutant(
    "leaves when too many drain, with connections open",
    inParent("departing", "drainBoundHit", p.without("cutConnections")),
  ),
} satisfies Record<string, Mutant>;
