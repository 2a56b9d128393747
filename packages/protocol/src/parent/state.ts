/** Where a generation stands as a parent. */
export type ParentState =
  /** Owner, with no handoff under way. */
  | "serving"
  /** The child is being started. */
  | "spawning"
  /** The child runs, with the offer in its hands, and has not answered. */
  | "offering"
  /** The child accepted the offer and boots. Still accepting connections itself. */
  | "preparing"
  /** The child is ready. The listeners are parked, exclusive work is being stopped. */
  | "parking"
  /** Parked; the child imports the final state. */
  | "transferring"
  /** `commit` is sent: the child may be owner. */
  | "committing"
  /** The child is owner. What was accepted here is being finished; the listeners stay parked for a rollback. */
  | "draining"
  /** Draining without a way back: the child relies on it, or the service ends. */
  | "departing"
  /** The handoff failed before commit; the child was told to leave. Accepting connections, even if the service ends. */
  | "aborting"
  /** Failed before commit; the child was sent SIGKILL. Accepting connections, even if the service ends. */
  | "ending"
  /** Failed after commit was sent; the child was sent SIGKILL. Nothing is accepted before its exit is seen. */
  | "fencing"
  /** No child, and the service ends: draining. */
  | "stopping"
  /** Gone, but for the process's last steps. */
  | "left";

/** What a parent remembers beside its state. */
export type ParentFact =
  /** A further handoff was asked for during this one. */
  | "requested"
  /** The service was told to end. */
  | "stopping"
  /** The child wants state. */
  | "stateful";

/** What can happen to a parent. */
export type ParentEvent =
  /** SIGHUP, or the application asked. Only an owner whose own parent gave up its way back is asked. */
  | "handoffRequested"
  /** SIGTERM or SIGINT. */
  | "terminationRequested"
  | "childSpawned"
  | "spawnFailed"
  /** An accept of a version that this parent offered. */
  | "acceptReceived"
  /** The child wants a stream of state. Only where both sides agreed on it. */
  | "stateWantedReceived"
  | "refuseReceived"
  | "progressReceived"
  | "readyReceived"
  | "stateAdoptedReceived"
  | "committedReceived"
  | "relinquishReceived"
  /** A later generation became owner, and no more of them drain than may. */
  | "supersededReceived"
  /** A later generation became owner, and more of them drain than may: this one is too old. */
  | "drainBoundHit"
  | "stopReceived"
  | "abortReceived"
  /** The child has all that it takes to adopt connections. */
  | "connectionsAwaitedReceived"
  /** The child takes no connections, and holds none of a batch that it has not answered. */
  | "connectionsDeclinedReceived"
  /** The child holds the batch that was sent. */
  | "connectionsAdoptedReceived"
  /** The child could not take the whole batch, and has closed what it got of it. */
  | "connectionsRefusedReceived"
  /** A frame or message that breaks the protocol; the channel is not read any further. */
  | "protocolViolated"
  /** The child's end of the channel is closed. */
  | "channelEnded"
  /** The operating system reports the child's exit: from here on it does nothing any more. */
  | "childExited"
  /** The listeners are parked and exclusive work has stopped. */
  | "parked"
  | "parkFailed"
  /** Connections that can move are paused, and make a batch. Only while no other batch is on its way. */
  | "connectionsPaused"
  /** The application could not give out its state. Only before commit. */
  | "exportFailed"
  /** Nothing that was accepted is open any more. */
  | "drained"
  /** The deadline of this state passed. */
  | "deadlineExpired";

/** What a parent is to do. Executed in order; a failure that the table should know about comes back as an event. */
export type ParentEffect =
  /** Seal the offer and start the child with the listeners. Comes back as childSpawned or spawnFailed. */
  | "spawnChild"
  /** Say why, if the channel still takes it. */
  | "sendAbort"
  /** Of the stream that was asked for last. May come back as exportFailed. */
  | "sendWarmState"
  /** Of every stream that was asked for. Must come after parkListeners has come back as parked. May come back as exportFailed. */
  | "sendFinalState"
  /** Must come after parkListeners has come back as parked: once it is written the child may accept. */
  | "sendCommit"
  | "sendRelinquished"
  | "sendRequest"
  /**
   * Tell this generation's own parent, if that drains and its channel still takes it, the number of the newest owner that is
   * known here: the child, or what `superseded` said last.
   */
  | "sendSuperseded"
  | "sendStop"
  | "sendFarewell"
  /** Stop accepting and keep every socket; then stop exclusive work. Comes back as parked or parkFailed. */
  | "parkListeners"
  /** Accept again and resume exclusive work. Must not come before the exit of a child that was sent commit. */
  | "unparkListeners"
  /** Stop accepting and give the sockets up. No way back. */
  | "closeListeners"
  /** Give up the sockets that wait parked. Must come before sendRelinquished. */
  | "releaseListeners"
  /** Begin to finish what was accepted. Comes back as drained. */
  | "drainConnections"
  /** Begin to move connections: each batch comes back as connectionsPaused. */
  | "moveConnections"
  /** Pass the batch's descriptors on, and keep the connections, paused. */
  | "sendConnections"
  /** Send what was read of them, if anything; close the batch's connections here; then say that they are released. */
  | "releaseConnections"
  /** Read from the batch's connections again: they stay here. Must not come while the child could read from them. */
  | "keepConnections"
  /** Treat what is open as before draining, the batch that is on its way, too, and what the child gave back. */
  | "resumeConnections"
  /** Close what is still open. */
  | "cutConnections"
  /** SIGKILL. Comes back as childExited. */
  | "killChild"
  | "reportProgress"
  /** The handoff failed before commit. */
  | "reportAborted"
  /** The child is owner. */
  | "reportCommitted"
  /** The child was owner, or may have been, and is gone. */
  | "reportRolledBack"
  /** Run the last hooks and exit. */
  | "leave";
