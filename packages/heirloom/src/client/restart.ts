import { type ControlAnswer, now } from "@heirloom/node-runtime/control";
import { CommandError } from "../exit-status.js";
import { converse, SilenceError } from "./conversation.js";
import { anyOwner, ownerOf } from "./owner.js";
import type { ControlSocket, Service } from "./service.js";
import { Silences } from "./silences.js";

export interface RestartWish {
  /** Whether to wait for a restart that is under way, and for the one that follows it. */
  readonly queue: boolean;
}

/**
 * Restarts a service and yields what its processes tell, from whichever of them tells it: a request that came during a
 * restart is passed on to the next generation, and one whose process dies is taken to whoever is owner then.
 * The last answer is an outcome or an error.
 * @throws CommandError where nobody answers
 */
export async function* restartService(
  service: Service,
  { queue }: RestartWish,
): AsyncGenerator<ControlAnswer> {
  // When this command was started: fifty of them that are started within a second take longer than that to ask.
  const askedAt = now() - performance.now();
  const silences = new Silences();
  let atLeast: number | undefined;
  let owner = await anyOwner(service);
  for (;;) {
    let told = false;
    /** Who goes on with the request. */
    let successor: number | undefined;
    /** The child that was told of, and whether it took over. */
    let child: { generation: number; committed: boolean } | undefined;
    try {
      const request = {
        command: "restart",
        askedAt,
        queue,
        ...(atLeast !== undefined && { atLeast }),
      } as const;
      for await (const answer of converse(owner.path, request)) {
        // What nobody asked for is no answer.
        told ||= answer.type !== "status";
        yield answer;
        if (answer.type === "outcome") return;
        if (answer.type === "step")
          child = { generation: answer.child.generation, committed: answer.step === "committed" };
        if (answer.type === "passedOn") atLeast = answer.atLeast;
        if (answer.type === "error" && answer.owner === undefined) return;
        if (answer.type === "passedOn" || answer.type === "error") successor = answer.owner?.generation;
      }
    } catch (error) {
      if (!(error instanceof SilenceError)) throw error;
      if (error.silence === "silent" || error.silence === "denied") throw noAnswer(service, owner, error);
    }
    silences.after(told);
    if (successor !== undefined) owner = await ownerOf(service, successor);
    else if (child?.committed) throw lostWhileDraining(owner, child.generation);
    else if (child !== undefined) {
      // The process died, and its child takes over if it is able to: that is the restart that was asked for.
      atLeast = child.generation;
      owner = await ownerOf(service, atLeast);
    } else {
      await silences.pause(service, owner);
      owner = await anyOwner(service);
    }
  }
}

function noAnswer(
  { name }: Service,
  { generation, pid }: ControlSocket,
  { silence }: SilenceError,
): CommandError {
  return silence === "denied"
    ? new CommandError("refused", `${name} belongs to another user: ask as that user, or with sudo`)
    : new CommandError(
        "unknown",
        `${name}: generation ${generation} (pid ${pid}) does not answer: see whether it is stopped or busy, and what is in its log`,
      );
}

function lostWhileDraining({ generation, pid }: ControlSocket, child: number): CommandError {
  return new CommandError(
    "unknown",
    `generation ${child} took over, but generation ${generation} (pid ${pid}) died before it told whether it finished its connections`,
  );
}
