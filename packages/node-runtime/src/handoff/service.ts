import type { DrainBegun } from "../drain/drain-begun.js";
import type { Drainer } from "../drain/drainer.js";
import type { Hooks } from "../hooks.js";
import type { Listeners } from "../listener/registry.js";
import type { Movable } from "../moves/movable.js";
import type { Settings } from "../options.js";
import type { CompiledCode } from "../process/compiled-code.js";
import type { Launch } from "../process/launch.js";
import type { Spawner } from "../process/spawn.js";
import type { HandoffReport } from "../report.js";
import type { Streams } from "../state/streams.js";

/** What one generation consists of: shared by its two machines. */
export interface Service {
  /** The number of this generation. */
  readonly number: number;
  readonly settings: Settings;
  readonly launch: Launch;
  readonly spawner: Spawner;
  readonly compiled: CompiledCode;
  readonly listeners: Listeners;
  readonly drainer: Drainer;
  /** How connections move, by protocol. */
  readonly movables: Map<string, Movable>;
  readonly hooks: Hooks;
  readonly streams: Streams;
  /** This generation begins to finish what it accepted. */
  draining(begun: DrainBegun): void;
  /** A handoff that this generation was the parent of is over. */
  concluded(report: HandoffReport): void;
}
