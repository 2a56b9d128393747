export {
  type Address,
  type Code,
  type Disposition,
  HandoffError,
  type Listener,
  type ListenerDisposition,
  type TcpAddress,
  type UnixAddress,
} from "@heirloom/protocol";
export type { ControlOptions } from "./control/options.js";
export type { DrainBegun } from "./drain/drain-begun.js";
export type { ClassCounts, ConnectionClass, ConnectionEnd, DrainCounts } from "./drain/tally.js";
export type { Generation, GenerationEvents, ListenerInfo } from "./generation.js";
export type { Hook } from "./hooks.js";
export { joinGeneration, joinGenerationSync } from "./join-generation.js";
export type { ListenOptions } from "./listener/options.js";
export type { ProgramListeners } from "./listener/program-listeners.js";
export type { StandIn } from "./listener/stand-in.js";
export type { ArrivedConnection, ListenerOf, Movable, PausedConnection } from "./moves/movable.js";
export type { DrainOptions, GenerationOptions } from "./options.js";
export type { Launch } from "./process/launch.js";
export type { Rehearsal, RehearsalRequest } from "./rehearsal.js";
export type { HandoffReport } from "./report.js";
export { serve } from "./serve.js";
export { asJson, type JsonOptions } from "./state/as-json.js";
export type {
  CarriedStream,
  CarryOptions,
  Export,
  IncomingState,
  StateSource,
} from "./state/carry-options.js";
export type { StreamReport } from "./state/exporter.js";
export type { EffectStep, EventStep } from "./steps.js";
