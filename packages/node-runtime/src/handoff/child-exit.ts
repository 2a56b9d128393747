import { type Code, HandoffError, type ParentState } from "@heirloom/protocol";

/** How a child's exit reads in a report, given where its parent stood. */
export function childExit(
  generation: number,
  state: ParentState,
  code: number | null,
  signal: NodeJS.Signals | null,
): HandoffError {
  const how = signal === null ? `exited with status ${code}` : `was ended by ${signal}`;
  const [errorCode, when]: [Code, string] = mayBeOwner.has(state)
    ? ["CHILD_LOST", "after commit: this generation took the service back"]
    : ["CHILD_EXITED", "before it was owner: see what it wrote last"];
  return new HandoffError(errorCode, { message: `generation ${generation} ${how} ${when}` });
}

const mayBeOwner = new Set<ParentState>(["committing", "draining", "departing", "fencing", "left"]);
