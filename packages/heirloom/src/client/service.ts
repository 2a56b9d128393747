import { type Dirent, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import {
  currentName,
  type ProcessId,
  parseSocketName,
  type StatusAnswer,
} from "@heirloom/node-runtime/control";
import { askOnce, type Silence, SilenceError } from "./conversation.js";

export const keeperSocketName = "keeper.sock";

export interface ControlSocket extends ProcessId {
  readonly path: string;
}

/** A process of a service: what it says, or why it says nothing. */
export type Process = ControlSocket & { readonly status?: StatusAnswer; readonly silence?: Silence };

/** The control sockets of one service, as they stand in its folder. */
export class Service {
  readonly name: string;
  readonly folder: string;

  constructor(folder: string) {
    this.name = basename(folder);
    this.folder = folder;
  }

  /** The socket of the process that keeps it, where there is one. */
  get keeperSocket(): string {
    return join(this.folder, keeperSocketName);
  }

  /**
   * Every socket, also of processes that are dead; the youngest generation first. No links: in another user's folder they
   * could lead root to any service.
   */
  get sockets(): ControlSocket[] {
    const found: ControlSocket[] = [];
    for (const name of entries(this.folder, (entry) => entry.isSocket())) {
      const id = parseSocketName(name);
      if (id !== undefined) found.push({ ...id, path: join(this.folder, name) });
    }
    return found.sort((a, b) => b.generation - a.generation);
  }

  /** The socket that is said to be the owner's. */
  get current(): ControlSocket | undefined {
    try {
      const path = join(this.folder, basename(readlinkSync(join(this.folder, currentName))));
      return this.sockets.find((socket) => socket.path === path);
    } catch {
      return undefined;
    }
  }

  /** Asks every process for its status, at the same time. Dead ones are left out. */
  async processes(): Promise<Process[]> {
    const asked = await Promise.all(this.sockets.map(statusOf));
    return asked.filter(({ silence }) => silence !== "dead");
  }
}

async function statusOf(socket: ControlSocket): Promise<Process> {
  try {
    const answer = await askOnce(socket.path, { command: "status" });
    return answer.type === "status" ? { ...socket, status: answer } : { ...socket, silence: "lost" };
  } catch (error) {
    if (error instanceof SilenceError) return { ...socket, silence: error.silence };
    throw error;
  }
}

export function entries(folder: string, fits: (entry: Dirent) => boolean = () => true): string[] {
  try {
    const found = readdirSync(folder, { withFileTypes: true }).filter(fits);
    return found.map(({ name }) => name).sort();
  } catch {
    return [];
  }
}
