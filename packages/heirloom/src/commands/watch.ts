import { setTimeout as delay } from "node:timers/promises";
import { converse, SilenceError } from "../client/conversation.js";
import { findService } from "../client/discover.js";
import { presence } from "../client/presence.js";
import type { ControlSocket, Process } from "../client/service.js";
import { type ExitStatus, exitStatus } from "../exit-status.js";
import { statusTable } from "../view/status-table.js";
import { type CommonOptions, output, printJson } from "./context.js";

/** How often new processes are looked for; each tells of its own changes by itself. */
const lookEveryMs = 200;
/** How long nobody may be there before the service counts as ended: a new owner opens its socket a moment late. */
const gapMs = 2_000;

/** Shows every process of a service until the last one has ended, or nobody looks any more. */
export async function watch(name: string | undefined, options: CommonOptions): Promise<ExitStatus> {
  const service = await findService(name, options);
  const terminal = output(options);
  const watched = new Map<string, Process>();
  let aloneSince = Date.now();
  let isRead = true;
  process.stdout.once("error", () => {
    isRead = false;
  });
  const show = () => {
    const processes = [...watched.values()].sort((a, b) => b.generation - a.generation);
    const lines = statusTable(service.name, processes, terminal);
    if (terminal.live) terminal.passing(lines);
    else for (const line of [...lines, ""]) terminal.line(line);
  };
  const follow = async (socket: ControlSocket) => {
    try {
      for await (const answer of converse(socket.path, { command: "watch" })) {
        if (answer.type !== "status") continue;
        watched.set(socket.path, { ...socket, status: answer });
        if (options.json) printJson(answer);
        else show();
      }
    } catch (error) {
      if (!(error instanceof SilenceError)) throw error;
    }
    watched.delete(socket.path);
    if (!options.json && watched.size > 0) show();
  };
  while (isRead) {
    for (const socket of service.sockets) {
      if (watched.has(socket.path) || !(await presence(socket.path))) continue;
      watched.set(socket.path, { ...socket, silence: "silent" });
      void follow(socket);
    }
    if (watched.size > 0) aloneSince = Date.now();
    else if (Date.now() - aloneSince > gapMs) {
      if (!options.json) terminal.line(`${service.name} has ended`);
      return exitStatus.done;
    }
    await delay(lookEveryMs);
  }
  return exitStatus.done;
}
