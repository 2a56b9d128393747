import { converse, SilenceError } from "../client/conversation.js";
import { findService } from "../client/discover.js";
import { anyOwner, ownerOf } from "../client/owner.js";
import { CommandError, type ExitStatus, exitStatus } from "../exit-status.js";
import { drainingLine } from "../view/draining.js";
import { plain } from "../view/terminal.js";
import { ends, milliseconds } from "../view/units.js";
import { type CommonOptions, output, printJson } from "./context.js";

/** Ends a service, and waits until everything that it accepted is finished. */
export async function stop(name: string | undefined, options: CommonOptions): Promise<ExitStatus> {
  const service = await findService(name, options);
  const terminal = output(options);
  let owner = await anyOwner(service);
  for (;;) {
    let successor: number | undefined;
    let told = false;
    try {
      for await (const answer of converse(owner.path, { command: "stop" })) {
        told = true;
        if (options.json) printJson(answer);
        if (answer.type === "error") {
          if (answer.owner === undefined)
            throw new CommandError("refused", `${service.name}: ${plain(answer.message)}`);
          successor = answer.owner.generation;
        } else if (answer.type === "draining" && !options.json) {
          terminal.passing([terminal.paint("dim", drainingLine(answer))]);
        } else if (answer.type === "outcome" && answer.outcome === "stopped") {
          if (!options.json) {
            const { drain } = answer;
            terminal.line(
              `${terminal.paint("green", "✓")} ${service.name} ended after ${milliseconds(drain.durationMs)}: ${ends({ ...drain })}`,
            );
          }
          return exitStatus.done;
        }
      }
    } catch (error) {
      if (!(error instanceof SilenceError)) throw error;
      if (error.silence === "silent")
        throw new CommandError(
          "unknown",
          `${service.name} does not answer: send SIGTERM to pid ${owner.pid}, or SIGKILL`,
        );
      if (error.silence === "denied")
        throw new CommandError(
          "refused",
          `${service.name} belongs to another user: ask as that user, or with sudo`,
        );
    }
    if (successor === undefined && told)
      throw new CommandError(
        "unknown",
        `pid ${owner.pid} died before it told whether it finished its connections`,
      );
    owner = successor === undefined ? await anyOwner(service) : await ownerOf(service, successor);
  }
}
