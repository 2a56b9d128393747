import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { StatusAnswer } from "@heirloom/node-runtime/control";
import { onTestFinished } from "vitest";

export interface ImpostorOptions {
  /** Whose its folders are. */
  readonly uid?: number;
  readonly mode?: number;
  readonly socket?: string;
}

/** What a process of a service says of itself that does nothing. */
export const wellStatus: StatusAnswer = {
  type: "status",
  version: 1,
  service: "api",
  generation: 1,
  pid: 1,
  isOwner: true,
  activity: "serving",
  startedAt: 0,
  states: { child: "owner", parent: "serving" },
  release: { cwd: "/srv", script: "/srv/server.js", node: "v20.20.0" },
  listeners: [],
  connections: { open: 0 },
};

/** Something that listens where a service would, in this folder, and does with each connection what the test says. */
export class Impostor {
  readonly folder: string;
  connections = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(
    folder: string,
    talk: (socket: Socket) => void,
    { uid = process.getuid?.() ?? 0, mode = 0o700, socket: name = "1-1.sock" }: ImpostorOptions = {},
  ): Promise<Impostor> {
    mkdirSync(folder, { recursive: true });
    const impostor = new Impostor(folder);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      impostor.connections += 1;
      socket.on("error", () => {});
      talk(socket);
    });
    await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
    for (const path of [dirname(folder), folder]) {
      chownSync(path, uid, -1);
      chmodSync(path, path === folder ? 0o700 : mode);
    }
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => sockets.add(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return impostor;
  }
}

/** Answers each request with these lines, and no more. */
export const says =
  (...answers: readonly unknown[]) =>
  (socket: Socket) =>
    void socket.once("data", () =>
      socket.end(answers.map((answer) => `${JSON.stringify(answer)}\n`).join("")),
    );
