import { KINDS } from "./kinds/index.js";
import { KIND_NAMES, type KindName } from "./kinds/kind.js";

/** Descriptors of the service that are no idle connection: other clients, modules, a handoff. */
const OTHER_FILES = 400;

/** How many clients of each kind this machine can have: idle ones as many as a process may open files. */
export function clientCounts(filesMax: number): Record<KindName, number> {
  const counts = KIND_NAMES.map((name) => [name, KINDS[name].clients]);
  const idle = Math.max(0, Math.min(KINDS.idle.clients, filesMax - OTHER_FILES));
  return { ...(Object.fromEntries(counts) as Record<KindName, number>), idle };
}

/** The limit of open files of this process, and of those that it starts. Node has raised it as far as it may. */
export function openFilesMax(): number {
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft: number | "unlimited" } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}
