/** Why a mutant that breaks no promise is right to break none. The first pattern that fits its name gives the reason. */
const equivalents: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    / before (report\w+|closeListeners|unparkListeners|sendStop|startAccepting|sendRequest|resumeConnections|inheritConnections|prepareAdoption)$/,
    "nobody can notice which of the two comes first, and a crash between them leaves nothing that differs",
  ],
  [
    / before (sendCommitted|reportOwner|sendFarewell|cutConnections|sendAbort|sendRefuse|discardDropped)$/,
    "both are executed at once, and neither needs the other",
  ],
  [
    / before sendSuperseded$/,
    "a generation that is not told, because the process between crashes first, drains to its deadline: it is owed nothing",
  ],
  [
    /^parent draining terminationRequested: effects in reverse$/,
    "any two of these effects may change places: what each tells goes to somebody else",
  ],
  [
    /^parent draining (stopReceived|terminationRequested): no drainConnections$/,
    "it drains already: to say so once more begins nothing",
  ],
  [
    /^parent (draining|departing) connectionsAwaitedReceived: ignored$|^child \w+ adoptionPrepared: ignored$/,
    "no connection is promised to move: one that does not is finished where it is",
  ],
  [
    /^parent draining channelEnded: ignored$/,
    "an owner without a channel serves on: its death is seen all the same, and the drain deadline bounds what was on its way",
  ],
  [
    /^parent departing relinquishReceived: as in draining$/,
    "it has no way back and no listener: the answer is true, and nothing is given up twice",
  ],
  [
    /^parent (departing|stopping) (stop|termination)Re\w+: as in /,
    "everything is closed and drains already; the child, if there is one, was told, or has no parent that it listens to",
  ],
  [
    /^parent (aborting|ending|fencing) \w+: as in (offering|parking|committing)$/,
    "to abort or to end a child once more that is on its way out, and to accept where it accepts, changes nothing",
  ],
  [
    /^child left (adoptionPrepared|stopReceived): as in /,
    "the service ends already, and is ended once more; of connections that are sent to it none is taken",
  ],
  [
    /^(parent|child) left \w+: as in /,
    "it comes when leave was executed, and never to an owner that ends the service: the process exits as before",
  ],
  [
    /^child (preparing|ready) channelEnded: ignored$/,
    "the parent that closed it lives: its deadlines, or the commit deadline, end this child",
  ],
  [
    /^child \w+ (farewell|relinquished)Received: (ignored|to owner)$/,
    "the parent's death follows, and does what is left to do",
  ],
  [
    /^child relinquishing (handoffRequested|requestReceived): as in succeeding$/,
    "a second relinquish asks for what the first one asked for, and gets the same answer",
  ],
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
  [
    /^parent transferring deadlineExpired: no sendAbort$/,
    "the child's own commit deadline ends it as well, and the exit deadline after that",
  ],
  [
    /\(stopping\): to (draining|departing)$|^parent serving terminationRequested: to departing$|^parent departing childExited: to stopping$/,
    "without a child these states drain and leave as stopping does; the farewell goes nowhere",
  ],
  [
    /^child (succeeding|relinquishing|owner) (stopReceived|terminationRequested): to \w+$/,
    "the parent's machine of the same process ends the service; it is asked itself from then on",
  ],
  [
    /^child founding handoffRequested: to orphaned$/,
    "both wait for their application alone, with the same rows",
  ],
];

export const reasonFor = (name: string): string | undefined =>
  equivalents.find(([pattern]) => pattern.test(name))?.[1];

/** Reasons that none of these mutants needs. */
export function unneeded(names: readonly string[]): string[] {
  const needed = new Set(names.map(reasonFor));
  return equivalents.map(([, reason]) => reason).filter((reason) => !needed.has(reason));
}
