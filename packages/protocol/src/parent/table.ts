import type { Cell, Ignored, Role } from "../table.js";
import type { ParentEffect, ParentEvent, ParentFact, ParentState } from "./state.js";

type ParentCell = Cell<ParentState, ParentEffect, ParentFact>;
type Rows = Readonly<Partial<Record<ParentEvent, ParentCell>>>;

const because = (ignored: string): Ignored => ({ ignored });

/** The handoff is over without a commit; the child is gone. */
const concludeAborted = (...first: ParentEffect[]): ParentCell => [
  { when: "stopping", next: "stopping", effects: ["reportAborted", "closeListeners", "drainConnections"] },
  {
    when: "requested",
    next: "spawning",
    effects: [...first, "reportAborted", "spawnChild"],
    forgets: "requested",
  },
  { next: "serving", effects: [...first, "reportAborted"] },
];

/** The child was sent commit and is gone: only now may anybody else accept, or read what was on its way to it. */
const concludeRolledBack: ParentCell = [
  {
    when: "stopping",
    next: "stopping",
    effects: ["resumeConnections", "reportRolledBack", "closeListeners", "drainConnections"],
  },
  {
    when: "requested",
    next: "spawning",
    effects: ["resumeConnections", "unparkListeners", "reportRolledBack", "spawnChild"],
    forgets: "requested",
  },
  { next: "serving", effects: ["resumeConnections", "unparkListeners", "reportRolledBack"] },
];

/** What a state does about connections that move. An owner that lives takes them, also one that will hand over itself. */
const moving = (state: ParentState): Rows => ({
  connectionsAwaitedReceived: { next: state, effects: ["moveConnections"] },
  connectionsDeclinedReceived: { next: state, effects: ["keepConnections"] },
  connectionsPaused: { next: state, effects: ["sendConnections"] },
  connectionsAdoptedReceived: { next: state, effects: ["releaseConnections"] },
  connectionsRefusedReceived: { next: state, effects: ["keepConnections"] },
});

/** What any state before commit does about a failure of the child, or about the end of the service. */
const beforeCommit = (state: ParentState, ...first: ParentEffect[]): Rows => ({
  handoffRequested: { next: state, notes: "requested" },
  // Accept until the child is gone, as in any other abort: what waits in the queue is served, and no `parked` comes late.
  terminationRequested: { next: "aborting", effects: [...first, "sendAbort"], notes: "stopping" },
  abortReceived: { next: "aborting", effects: first },
  protocolViolated: { next: "aborting", effects: [...first, "sendAbort"] },
  // A channel that ended cannot carry an abort. Its process is dead or useless: end it, and learn so from its exit.
  channelEnded: { next: "ending", effects: [...first, "killChild"] },
  childExited: concludeAborted(...first),
  deadlineExpired: { next: "aborting", effects: [...first, "sendAbort"] },
});

/** What a state does about messages that the child sent before it could know better. */
const deaf = (why: string): Rows => ({
  acceptReceived: because(why),
  stateWantedReceived: because(why),
  refuseReceived: because(why),
  progressReceived: because(why),
  readyReceived: because(why),
  stateAdoptedReceived: because(why),
  committedReceived: because(why),
  relinquishReceived: because(why),
  supersededReceived: because(why),
  drainBoundHit: because(why),
  connectionsAwaitedReceived: because(why),
  connectionsDeclinedReceived: because(why),
  connectionsAdoptedReceived: because(why),
  connectionsRefusedReceived: because(why),
  stopReceived: because(why),
  abortReceived: because(why),
  protocolViolated: because(why),
  channelEnded: because(why),
});

/** What a state that only waits for the child's exit does about everything else. */
const awaitingExit = (state: ParentState): Rows => ({
  ...deaf("the child is on its way out: only its exit matters"),
  handoffRequested: { next: state, notes: "requested" },
  terminationRequested: { next: state, notes: "stopping" },
});

/** What a state without a way back does about everything but the end of its draining. */
const oneWay: Rows = {
  ...deaf("this generation leaves, whatever the child does"),
  childExited: because("this generation leaves, whatever the child does"),
  handoffRequested: because("this generation leaves; the service is not its own any more"),
  terminationRequested: because("this generation leaves already"),
};

/**
 * The parent. Before commit any failure leads back to serving; after commit only the child's exit does.
 * @see spec/v1/states.md
 */
export const parentRole: Role<ParentState, ParentEvent, ParentEffect, ParentFact> = {
  name: "parent",
  initial: ["serving"],
  deadlines: {
    offering: "ready",
    preparing: "ready",
    parking: "park",
    transferring: "commit",
    committing: "commit",
    draining: "drain",
    departing: "drain",
    aborting: "exit",
    stopping: "drain",
  },
  // A child that was slow to import has as long as any other to say that it is owner: fenced now, it would take clients along.
  anew: ["committing"],
  table: {
    serving: {
      handoffRequested: { next: "spawning", effects: ["spawnChild"] },
      terminationRequested: { next: "stopping", effects: ["closeListeners", "drainConnections"] },
    },

    spawning: {
      childSpawned: [{ when: "stopping", next: "aborting", effects: ["sendAbort"] }, { next: "offering" }],
      spawnFailed: concludeAborted(),
      handoffRequested: { next: "spawning", notes: "requested" },
      terminationRequested: { next: "spawning", notes: "stopping" },
    },

    offering: {
      ...beforeCommit("offering"),
      // What the last child wanted is nothing to this one.
      acceptReceived: { next: "preparing", forgets: "stateful" },
      refuseReceived: { next: "aborting" },
    },

    preparing: {
      ...beforeCommit("preparing"),
      stateWantedReceived: { next: "preparing", effects: ["sendWarmState"], notes: "stateful" },
      exportFailed: { next: "aborting", effects: ["sendAbort"] },
      progressReceived: { next: "preparing", effects: ["reportProgress"] },
      // Park before commit, so that no two generations ever accept at once.
      readyReceived: { next: "parking", effects: ["parkListeners"] },
    },

    parking: {
      ...beforeCommit("parking", "unparkListeners"),
      parked: [
        { when: "stateful", next: "transferring", effects: ["sendFinalState"] },
        { next: "committing", effects: ["sendCommit"] },
      ],
      parkFailed: { next: "aborting", effects: ["unparkListeners", "sendAbort"] },
      exportFailed: { next: "aborting", effects: ["unparkListeners", "sendAbort"] },
    },

    transferring: {
      ...beforeCommit("transferring", "unparkListeners"),
      stateAdoptedReceived: { next: "committing", effects: ["sendCommit"] },
      exportFailed: { next: "aborting", effects: ["unparkListeners", "sendAbort"] },
    },

    committing: {
      committedReceived: [
        {
          when: "stopping",
          next: "departing",
          effects: ["reportCommitted", "sendSuperseded", "sendStop", "closeListeners", "drainConnections"],
        },
        {
          when: "requested",
          next: "draining",
          effects: ["reportCommitted", "sendSuperseded", "sendRequest", "drainConnections"],
          forgets: "requested",
        },
        { next: "draining", effects: ["reportCommitted", "sendSuperseded", "drainConnections"] },
      ],
      // The child may be owner by now, whatever it says: nobody accepts before its exit is seen.
      abortReceived: { next: "fencing", effects: ["killChild"] },
      protocolViolated: { next: "fencing", effects: ["killChild"] },
      channelEnded: { next: "fencing", effects: ["killChild"] },
      deadlineExpired: { next: "fencing", effects: ["killChild"] },
      childExited: concludeRolledBack,
      handoffRequested: { next: "committing", notes: "requested" },
      terminationRequested: { next: "committing", notes: "stopping" },
    },

    draining: {
      ...moving("draining"),
      drained: { next: "left", effects: ["sendFarewell", "leave"] },
      deadlineExpired: { next: "left", effects: ["cutConnections", "sendFarewell", "leave"] },
      childExited: { next: "serving", effects: ["resumeConnections", "unparkListeners", "reportRolledBack"] },
      channelEnded: { next: "fencing", effects: ["killChild"] },
      relinquishReceived: { next: "departing", effects: ["releaseListeners", "sendRelinquished"] },
      stopReceived: { next: "departing", effects: ["closeListeners", "drainConnections"] },
      handoffRequested: { next: "draining", effects: ["sendRequest"] },
      terminationRequested: {
        next: "departing",
        effects: ["sendStop", "closeListeners", "drainConnections"],
      },
      protocolViolated: because(
        "the child is owner and may serve well: only its exit brings the listeners back",
      ),
      abortReceived: because("an owner cannot abort: only its exit brings the listeners back"),
      progressReceived: because("progress says nothing about an owner"),
      supersededReceived: because("a child hands over only after this generation gave up its way back"),
      drainBoundHit: because("a child hands over only after this generation gave up its way back"),
    },

    departing: {
      ...oneWay,
      ...moving("departing"),
      // There is no way back for the listeners; a connection that has not moved is finished here all the same.
      childExited: { next: "departing", effects: ["keepConnections"] },
      supersededReceived: { next: "departing", effects: ["sendSuperseded"] },
      drained: { next: "left", effects: ["sendFarewell", "leave"] },
      deadlineExpired: { next: "left", effects: ["cutConnections", "sendFarewell", "leave"] },
      // Whoever drains before this generation is one too many, too, and hears of it from here only.
      drainBoundHit: {
        next: "left",
        effects: ["sendSuperseded", "cutConnections", "sendFarewell", "leave"],
      },
    },

    aborting: {
      ...awaitingExit("aborting"),
      childExited: concludeAborted(),
      deadlineExpired: { next: "ending", effects: ["killChild"] },
    },

    ending: { ...awaitingExit("ending"), childExited: concludeAborted() },

    fencing: {
      ...awaitingExit("fencing"),
      childExited: concludeRolledBack,
      // It may have been owner when it was told to end the service: taking that back would bring the service to life again.
      stopReceived: { next: "fencing", notes: "stopping" },
      connectionsPaused: { next: "fencing", effects: ["keepConnections"] },
      // It drains still, for a batch may be on its way. What comes next is said by the exit.
      drained: because("the child's exit decides whether this generation serves or ends"),
    },

    stopping: {
      drained: { next: "left", effects: ["leave"] },
      deadlineExpired: { next: "left", effects: ["cutConnections", "leave"] },
      handoffRequested: because("the service is ending: start it again instead"),
      terminationRequested: because("the service is ending already; the drain deadline bounds it"),
    },

    left: {
      ...oneWay,
      drained: because("this generation has left"),
      connectionsPaused: because("this generation has left"),
    },
  },
};
