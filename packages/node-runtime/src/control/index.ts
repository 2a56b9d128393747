/** What `askedAt` is told by. */
export { now } from "../clock.js";
export {
  controlRoot,
  controlRoots,
  currentName,
  defaultServiceName,
  parseSocketName,
  thisUser,
  type User,
} from "./location.js";
export {
  type ChildProgress,
  type ConnectionCounts,
  type ControlAnswer,
  type ControlCode,
  type ControlRequest,
  controlVersion,
  type DrainingAnswer,
  type ErrorAnswer,
  type HandoffOutcome,
  type HandoffProgress,
  type OutcomeAnswer,
  type PassedOnAnswer,
  type ProcessId,
  type ProgressAnswer,
  type QueuedAnswer,
  type ReleaseInfo,
  type RestartRequest,
  type StatusAnswer,
  type StepAnswer,
} from "./message.js";
export { faultOfControl } from "./options.js";
