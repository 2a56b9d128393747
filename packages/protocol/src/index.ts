export type { ChildEffect, ChildEvent, ChildFact, ChildState } from "./child/state.js";
export { childRole } from "./child/table.js";
export { type Deadline, type Deadlines, defaultDeadlinesMs } from "./deadline.js";
export { type Code, HandoffError, type HandoffErrorOptions, type Origin } from "./error.js";
export { limits } from "./limits.js";
export type {
  Address,
  Disposition,
  Listener,
  ListenerDisposition,
  TcpAddress,
  UdpAddress,
  UnixAddress,
} from "./listener.js";
export type {
  Abort,
  Accept,
  ChildMessage,
  Commit,
  Committed,
  Connections,
  ConnectionsAdopted,
  ConnectionsAwaited,
  ConnectionsLate,
  ConnectionsReleased,
  Farewell,
  Message,
  MessageType,
  MovedConnection,
  Offer,
  ParentMessage,
  Progress,
  Ready,
  Refuse,
  Relinquish,
  Relinquished,
  Request,
  State,
  StateAdopted,
  StatePhase,
  StateWanted,
  Stop,
  Superseded,
} from "./message.js";
export { bootstrapTypes } from "./message.js";
export type { ParentEffect, ParentEvent, ParentFact, ParentState } from "./parent/state.js";
export { parentRole } from "./parent/table.js";
export {
  type Cell,
  type Ignored,
  type Position,
  type Role,
  rowsOf,
  type Step,
  step,
  type Transition,
} from "./table.js";
export { formatVersions, negotiate, supportedVersions, type VersionRange } from "./version.js";
export { decodeMessage, encodeMessage } from "./wire/codec.js";
export { encodeFrame, FrameDecoder } from "./wire/frame.js";
export { decodeOffer, encodeOffer } from "./wire/offer.js";
