import { setTimeout as delay } from "node:timers/promises";
import type { ControlAnswer } from "@heirloom/node-runtime/control";
import { converse, SilenceError } from "../client/conversation.js";
import { findService } from "../client/discover.js";
import { anyOwner, ownerOf } from "../client/owner.js";
import type { ControlSocket, Service } from "../client/service.js";
import { Silences } from "../client/silences.js";
import { CommandError, type ExitStatus, exitStatus } from "../exit-status.js";
import { drainingLine, leavingLine } from "../view/draining.js";
import { plain, type Terminal } from "../view/terminal.js";
import { ends, milliseconds } from "../view/units.js";
import { type CommonOptions, output, printJson } from "./context.js";

/** How often those are looked at that have not left. */
const lookEveryMs = 250;

/** Ends a service, and waits until everything that it accepted is finished. */
export async function stop(name: string | undefined, options: CommonOptions): Promise<ExitStatus> {
  const service = await findService(name, options);
  const terminal = output(options);
  const silences = new Silences();
  let owner = await anyOwner(service);
  for (;;) {
    // Whoever comes from now on is not of the service that was told to end.
    const { sockets } = service;
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
          await untilGone(service, sockets, options.json ? undefined : terminal);
          if (!options.json) terminal.line(ended(service, answer, terminal));
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
    silences.after(told);
    if (!told) await silences.pause(service, owner);
    owner = successor === undefined ? await anyOwner(service) : await ownerOf(service, successor);
  }
}

/** Waits for all of these processes: an earlier generation may still finish what it accepted when the owner has left. */
async function untilGone(
  service: Service,
  sockets: readonly ControlSocket[],
  terminal: Terminal | undefined,
): Promise<void> {
  const paths = new Set(sockets.map(({ path }) => path));
  for (;;) {
    const left = (await service.processes()).filter(({ path }) => paths.has(path));
    if (left.length === 0) return;
    terminal?.passing(left.map((process) => terminal.paint("dim", leavingLine(process))));
    await delay(lookEveryMs);
  }
}

function ended(
  { name }: Service,
  { drain }: Extract<ControlAnswer, { outcome: "stopped" }>,
  terminal: Terminal,
): string {
  return `${terminal.paint("green", "✓")} ${name} ended; its last generation drained in ${milliseconds(drain.durationMs)}: ${ends({ ...drain })}`;
}
