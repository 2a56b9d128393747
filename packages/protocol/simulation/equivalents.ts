/** Why a mutant that breaks no promise is right to break none. The first pattern that fits its name gives the reason. */
const equivalents: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    / before (report\w+|closeListeners|unparkListeners|sendStop|startAccepting|sendRequest|resumeConnections|inheritConnections)$/,
    "nobody can notice which of the two comes first, and a crash between them leaves nothing that differs",
  ],
  [
    / before (sendCommitted|reportOwner|sendFarewell|cutConnections|sendAbort|sendRefuse|discardDropped)$/,
    "both are executed at once, and neither needs the other",
  ],
  [/: no sendFarewell$/, "the parent's death says the same a moment later; only the counters are lost"],
  [/: no sendWarmState$|: no importState$/, "the final state is complete without what came before it"],
  [/: no reportProgress$/, "progress is promised to nobody"],
  [
    /: no (moveConnections|prepareAdoption|sendConnectionsAwaited)$/,
    "no connection is promised to move: one that does not is finished where it is",
  ],
  [/ farewellReceived: no inheritConnections$/, "the parent's death follows, and the same is done then"],
  [
    /^parent committing childExited .*: no resumeConnections$/,
    "nothing was drained before committed: the rows are those of fencing",
  ],
  [
    /^child (owner|left) connections\w+: to \w+$/,
    "the parent's death follows, and leads to owner; the parent's machine of the same process is asked itself if it ends",
  ],
  [/: does not forget requested$/, "a child looks at the request once, when it becomes owner"],
  [
    /^parent transferring deadlineExpired: no sendAbort$/,
    "the child's own commit deadline ends it as well, and the exit deadline after that",
  ],
  [
    /^child \w+ (channelEnded|preparationFailed): to \w+$|^child orphaned terminationRequested: to \w+$/,
    "leave is among the effects: the process exits before the state matters",
  ],
  [
    /(abortReceived|refuseReceived): to (offering|preparing|committing)$/,
    "the child leaves by itself: its exit concludes the handoff, and the deadline of that state bounds the wait",
  ],
  [
    /(protocolViolated|parkFailed|terminationRequested|deadlineExpired): to (offering|preparing)$/,
    "the deadline of that state aborts again; the child was told already, and its exit concludes the handoff",
  ],
  [
    /(channelEnded|protocolViolated): to (offering|preparing|aborting|committing)$/,
    "SIGKILL is sent with it: the exit follows in every state, and the rows for it are the same",
  ],
  [
    /^parent (aborting|ending) \w+: to aborting$/,
    "to wait with a deadline more, and to send SIGKILL twice, does no harm",
  ],
  [/^parent fencing stopReceived: to committing$/, "SIGKILL was sent; the rows for the exit are the same"],
  [
    /\(stopping\): to (draining|departing)$|^parent serving terminationRequested: to departing$/,
    "without a child these states drain and leave as stopping does; the farewell goes nowhere",
  ],
  [
    /(drained|deadlineExpired): to (committing|draining|departing|fencing|stopping)$/,
    "leave is among the effects: the process exits before the state matters",
  ],
  [
    /^child (succeeding|relinquishing|owner) (stopReceived|terminationRequested): to \w+$/,
    "the parent's machine of the same process ends the service; it is asked itself from then on",
  ],
  [
    /^child (succeeding|relinquishing) (farewellReceived|relinquishedReceived): to succeeding$/,
    "the parent's death follows, and leads to owner",
  ],
  [
    /^child founding handoffRequested: to orphaned$/,
    "both wait for their application alone, with the same rows",
  ],
];

export const reasonFor = (name: string): string | undefined =>
  equivalents.find(([pattern]) => pattern.test(name))?.[1];
