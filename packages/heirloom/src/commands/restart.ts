import type { ControlAnswer } from "@heirloom/node-runtime/control";
import { findService } from "../client/discover.js";
import { restartService } from "../client/restart.js";
import { CommandError, type ExitStatus, exitStatus } from "../exit-status.js";
import { interruption } from "../interruption.js";
import { RestartView } from "../view/restart-view.js";
import { plain } from "../view/terminal.js";
import { type CommonOptions, output, printJson } from "./context.js";

export interface RestartOptions extends CommonOptions {
  /** Whether to wait for the outcome. */
  readonly wait: boolean;
  /** Whether to wait for a restart that is under way. */
  readonly queue: boolean;
}

export async function restart(name: string | undefined, options: RestartOptions): Promise<ExitStatus> {
  const service = await findService(name, options);
  const view = new RestartView(output(options), service.name);
  for await (const answer of restartService(service, options)) {
    if (options.json) printJson(answer);
    else view.show(answer);
    const status = statusAfter(answer, service.name);
    if (status !== undefined) return status;
    interruption.leaves = leavesAfter(answer) ?? interruption.leaves;
    // Not while it is queued: it would be lost with the release that dies, or hands over, before.
    if (!options.wait && answer.type === "step") return exitStatus.done;
  }
  throw new CommandError("unknown", `${service.name} did not tell what came of the restart: see its log`);
}

/** What Ctrl-C leaves behind after an answer; undefined: what it left before. */
function leavesAfter(answer: ControlAnswer): string | undefined {
  if (answer.type === "step") return "what was begun goes on";
  if (answer.type !== "queued") return undefined;
  return answer.behind === "restart"
    ? "the restart had not begun, and is withdrawn unless the one that is under way fails"
    : "what was asked for goes on";
}

/** The exit status that an answer leads to, if it is the last one. */
function statusAfter(answer: ControlAnswer, service: string): ExitStatus | undefined {
  if (answer.type === "outcome")
    return answer.outcome === "aborted" || answer.outcome === "rolledBack"
      ? exitStatus.failed
      : exitStatus.done;
  if (answer.type === "error" && answer.owner === undefined)
    throw new CommandError(
      answer.code === "BUSY" ? "busy" : "refused",
      `${service}: ${plain(answer.message)}`,
    );
  return undefined;
}
