/** Where a generation stands towards the one before it. */
export type ChildState =
  /** There is no parent: the first generation, not yet ready. */
  | "founding"
  /** The offer has not been read. */
  | "booting"
  /** Accepted the offer; boots and adopts its listeners. */
  | "preparing"
  /** Could serve now, and waits for commit. */
  | "ready"
  /** The parent died before this generation was ready; it goes on booting, and takes over. */
  | "orphaned"
  /** Owner, while the parent drains and could still take the service back. */
  | "succeeding"
  /** Owner; asked the draining parent to give up its way back, because a handoff is due. */
  | "relinquishing"
  /** Owner, and nobody else can become it. */
  | "owner"
  /** Gone, or ending: the parent's machine of this generation does the rest, if it was owner. */
  | "left";

/** What a child remembers beside its state. */
export type ChildFact =
  /** A handoff was asked for before this generation could begin one. */
  "requested";

/** What can happen to a child. */
export type ChildEvent =
  /** The offer was read and the versions meet. */
  | "offerRead"
  /** The offer was read and the versions do not meet. */
  | "versionUnsupported"
  /** The application says that it could serve now. */
  | "readyDeclared"
  /** A listener or the application failed before it was ready. */
  | "preparationFailed"
  /** The application wants a stream of state, and the parent may have it. Only where both sides agreed on it. */
  | "streamCarried"
  | "stateReceived"
  /** The final state of every stream that is wanted was imported. */
  | "stateImported"
  | "stateRejected"
  | "commitReceived"
  | "abortReceived"
  | "relinquishedReceived"
  | "requestReceived"
  | "stopReceived"
  /** Connections arrive. */
  | "connectionsReceived"
  /** What the parent had read from one of them. */
  | "connectionsLateReceived"
  /** They are this generation's alone. */
  | "connectionsReleasedReceived"
  /** Whatever adopting connections takes is there. */
  | "adoptionPrepared"
  | "farewellReceived"
  /** A frame or message that breaks the protocol; the channel is not read any further. */
  | "protocolViolated"
  /** The channel ended and the parent's process is gone. */
  | "parentDied"
  /** The channel ended and the parent's process is still there. */
  | "channelEnded"
  /** SIGHUP, or the application asked. */
  | "handoffRequested"
  /** SIGTERM or SIGINT. */
  | "terminationRequested"
  /** The deadline of this state passed. */
  | "deadlineExpired";

/** What a child is to do, in order. */
export type ChildEffect =
  | "sendAccept"
  | "sendRefuse"
  | "sendReady"
  /** Say why, if the channel still takes it. */
  | "sendAbort"
  /** Ask for the stream that was carried last. */
  | "sendStateWanted"
  /** Comes back as stateImported after the last piece of final state, or as stateRejected. */
  | "importState"
  | "sendStateAdopted"
  /** Accept on every listener. A failure ends the process: whoever can take the service back learns it from that. */
  | "startAccepting"
  /** Must come after startAccepting. */
  | "sendCommitted"
  | "sendRelinquish"
  /** Load whatever adopting connections takes. Comes back as adoptionPrepared, or never. */
  | "prepareAdoption"
  | "sendConnectionsAwaited"
  /**
   * Close this end of the descriptor channel with all that is in it, then say that no connections are awaited. Nothing where the two
   * have not agreed to move any.
   */
  | "declineConnections"
  /** Take the batch's descriptors, read nothing, and say how many there are. Fewer than announced: close them all first. */
  | "adoptConnections"
  /** Close the batch's descriptors, and say that none was taken. */
  | "refuseConnections"
  /** Keep the bytes until the connection is released: they come before what is read. */
  | "keepLateBytes"
  /** Read from the batch's connections, and serve them. */
  | "takeConnections"
  /**
   * Of what was adopted and never released, take those that their parent had stopped reading from, and close the others.
   * Must not come while the parent could read from them again.
   */
  | "inheritConnections"
  | "sendStop"
  /** The offered listeners that this generation does not want can be given up for good. */
  | "discardDropped"
  /** Tell the application that it is owner. */
  | "reportOwner"
  /** Hand the request to this generation's own parent machine. */
  | "startHandoff"
  /** Tell who asked for a handoff that it cannot begin now. */
  | "denyHandoff"
  /** Hand the end of the service to this generation's own parent machine. */
  | "stopServing"
  /** Exit. This generation was never owner. */
  | "leave";
