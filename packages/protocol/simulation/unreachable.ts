const inState = (role: string, state: string, ...events: string[]) =>
  events.map((event) => `${role} ${state} ${event}`);

const boot = ["acceptReceived", "stateWantedReceived", "refuseReceived", "progressReceived", "readyReceived"];

/**
 * Rows that no exploration takes, by the reason why nothing leads there. They stand in the tables so that whole groups of
 * states share their rows, and so that a runtime that is late with a message, or repeats one, does no harm.
 */
export const unreachable: Readonly<Record<string, readonly string[]>> = {
  "a channel keeps the order: what the child wrote before was read in an earlier state": [
    ...inState("parent", "draining", "progressReceived", "abortReceived"),
    ...inState("parent", "departing", ...boot, "stateAdoptedReceived", "committedReceived", "abortReceived"),
    ...inState("parent", "left", ...boot, "stateAdoptedReceived", "committedReceived", "abortReceived"),
    ...inState("parent", "fencing", ...boot, "stateAdoptedReceived"),
  ],
  "only an owner writes it, and a child that was never sent commit is none": [
    ...["aborting", "ending"].flatMap((state) =>
      inState(
        "parent",
        state,
        "committedReceived",
        "relinquishReceived",
        "supersededReceived",
        "drainBoundHit",
        "stopReceived",
      ),
    ),
  ],
  "a child hands over only when its parent has relinquished, which it does where it departs": [
    ...["draining", "fencing"].flatMap((state) =>
      inState("parent", state, "supersededReceived", "drainBoundHit"),
    ),
  ],
  "an order to end the service leads out of these states at once": [
    "parent offering childExited (stopping)",
    "parent preparing childExited (stopping)",
    "parent parking childExited (stopping)",
    "parent transferring childExited (stopping)",
  ],
  "a parent leaves when its connections have ended or were cut: none is left to end": [
    ...inState("parent", "left", "drained"),
  ],
  "a parent writes it after commit, and commit is read first": [
    ...inState("child", "preparing", "requestReceived"),
    ...inState("child", "ready", "requestReceived"),
  ],
  "a parent sends its final state to a child that is ready, and commit after the import": [
    ...inState("child", "orphaned", "stateImported"),
    ...inState("child", "succeeding", "stateReceived", "stateImported", "stateRejected"),
    ...inState("child", "relinquishing", "stateReceived", "stateImported", "stateRejected"),
  ],
  "a parent that sent commit sends no abort": [
    ...inState("child", "succeeding", "abortReceived"),
    ...inState("child", "relinquishing", "abortReceived"),
  ],
  "an application that is told that it is owner, or that leaves, prepares no more": [
    ...inState("child", "succeeding", "preparationFailed"),
    ...inState("child", "relinquishing", "preparationFailed"),
    ...inState("child", "left", "preparationFailed"),
  ],
  "a parent that is out of the way writes at most its farewell, and a dead one's channel is not read": [
    ...inState("child", "owner", "relinquishedReceived", "requestReceived", "stopReceived"),
    ...inState("child", "owner", "abortReceived", "commitReceived", "stateReceived"),
  ],
  "only an owner writes about connections, and a child that was never sent commit is none": [
    ...["aborting", "ending"].flatMap((state) =>
      inState(
        "parent",
        state,
        "connectionsAwaitedReceived",
        "connectionsDeclinedReceived",
        "connectionsAdoptedReceived",
        "connectionsRefusedReceived",
      ),
    ),
  ],
  "a parent that saw the end of the channel has read everything before it": [
    ...inState(
      "parent",
      "fencing",
      "connectionsDeclinedReceived",
      "connectionsAdoptedReceived",
      "connectionsRefusedReceived",
    ),
  ],
  "a parent that leaves has no connections any more": [...inState("parent", "left", "connectionsPaused")],
  "late bytes of a parent in a longer chain, which only the deep exploration follows": [
    ...inState("child", "relinquishing", "connectionsLateReceived"),
    ...inState("child", "owner", "connectionsLateReceived"),
  ],
};
