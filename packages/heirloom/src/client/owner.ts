import { setTimeout as delay } from "node:timers/promises";
import { CommandError } from "../exit-status.js";
import { presence } from "./presence.js";
import type { ControlSocket, Service } from "./service.js";

/** How long a new owner may take to open its socket, or a child to take over from a parent that died. */
const ownerDeadlineMs = 10_000;
const lookEveryMs = 20;

/** How long the link may lead to nobody while a restart is not even under way. */
const gapMs = 1_000;

/**
 * The owner's socket, as soon as it is there: of this generation, or of a younger one. Nobody tells of it, so it is
 * looked for.
 * @throws CommandError
 */
export async function ownerOf(service: Service, atLeast: number): Promise<ControlSocket> {
  const found = await lookFor(service, atLeast, ownerDeadlineMs);
  if (found !== undefined) return found;
  throw await noOwner(service, `of generation ${atLeast} or a later one`);
}

/**
 * The owner's socket, or else that of the youngest process that lives: it knows why there is no owner.
 * @throws CommandError
 */
export async function anyOwner(service: Service): Promise<ControlSocket> {
  const found = await lookFor(service, 1, gapMs);
  if (found !== undefined) return found;
  for (const socket of service.sockets) if (await presence(socket.path)) return socket;
  throw await noOwner(service, "that anybody listens on");
}

async function lookFor(service: Service, atLeast: number, ms: number): Promise<ControlSocket | undefined> {
  const until = Date.now() + ms;
  for (;;) {
    const { current } = service;
    if (current !== undefined && current.generation >= atLeast && (await presence(current.path)))
      return current;
    if (Date.now() > until) return undefined;
    await delay(lookEveryMs);
  }
}

async function noOwner(service: Service, which: string): Promise<CommandError> {
  const { name, folder, sockets } = service;
  const alive = await Promise.all(sockets.map(({ path }) => presence(path)));
  if (!alive.includes(true))
    return new CommandError("notRunning", `${name} does not run any more: see its log for the reason`);
  return new CommandError(
    "unknown",
    `${name} has no control socket ${which}: see ${folder}, and the service's log`,
  );
}
