import type { Socket } from "node:net";
import { HandoffError } from "@heirloom/protocol";
import { neverRead } from "../node-internals.js";
import { offerVariable } from "./environment.js";
import type { Launch } from "./launch.js";

/** Where the two channels and the listeners are in a child that is spawned here. */
export const channelDescriptor = 3;
export const descriptorChannelDescriptor = 4;
export const firstListenerDescriptor = 5;

export interface SpawnRequest {
  readonly launch: Launch;
  /** The sealed offer. */
  readonly offer: string;
  /** Descriptors of this process, which the child gets as 5, 6, 7 ... in this order. */
  readonly descriptors: readonly number[];
}

export interface SpawnListener {
  spawned(child: SpawnedChild): void;
  /** No process was started. */
  failed(error: HandoffError): void;
  /** The process does nothing any more, ever. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

export interface SpawnedChild {
  readonly pid: number;
  /** The parent's side of the channel. */
  readonly channel: Socket;
  /** The parent's side of the descriptor channel. Only its descriptor is used: what is on it is sent by system call. */
  readonly descriptorChannel: Socket;
  /** Whether the process's exit has been seen, if not told yet. */
  readonly exited: boolean;
  /** SIGKILL, or nothing if it has exited. */
  kill(): void;
}

/** How a successor is started, how its exit is learnt, and how it is ended. */
export interface Spawner {
  /** Gets ready for the next spawn, where that helps. Never rejects. */
  readonly prepare?: () => Promise<void>;
  spawn(request: SpawnRequest, listener: SpawnListener): void;
}

/** Starts the successor as node:child_process does. */
export const nodeSpawner: Spawner = {
  spawn(request, listener) {
    const { launch, descriptors } = request;
    // Not needed on the way of a child to ready, which is why it is not imported above.
    const { spawn } = process.getBuiltinModule("node:child_process");
    const failed = (cause: unknown) => listener.failed(spawnError(launch, cause));
    try {
      const child = spawn(launch.execPath, [...launch.execArgv, ...launch.argv], {
        cwd: launch.cwd,
        env: environmentOf(request),
        stdio: ["inherit", "inherit", "inherit", "pipe", "pipe", ...descriptors],
        // A session of its own: what a terminal does to its foreground processes is not meant for a generation.
        detached: true,
      });
      const { pid } = child;
      child.on("error", (error) => {
        if (pid === undefined) failed(error);
      });
      if (pid === undefined) return;
      child.once("exit", (code, signal) => listener.exited(code, signal));
      listener.spawned({
        pid,
        channel: child.stdio[channelDescriptor] as Socket,
        descriptorChannel: quiet(child.stdio[descriptorChannelDescriptor] as Socket),
        get exited() {
          return child.exitCode !== null || child.signalCode !== null;
        },
        kill: () => void child.kill("SIGKILL"),
      });
    } catch (error) {
      failed(error);
    }
  },
};

/** A stream that keeps no process alive, that Node does not read from, and whose end means nothing: the channel tells. */
export function quiet(socket: Socket): Socket {
  neverRead(socket.unref());
  return socket.on("error", () => {});
}

export function environmentOf({ launch, offer }: SpawnRequest): NodeJS.ProcessEnv {
  return { ...launch.env, [offerVariable]: offer };
}

export function spawnError({ execPath, cwd }: Launch, cause: unknown): HandoffError {
  const { code = "unknown error" } = cause as NodeJS.ErrnoException;
  const remedy: Record<string, string> = {
    ENOENT: `check that ${execPath} and the working directory ${cwd} exist`,
    EACCES: `check that ${execPath} may be executed and ${cwd} entered by this user`,
    EMFILE: "this process has no free descriptors: raise its limit of open files (ulimit -n)",
    EAGAIN: "the system refuses further processes: raise the limit of processes (ulimit -u)",
    ENOMEM: "the system is out of memory",
    E2BIG: "the environment is too large",
  };
  return new HandoffError("SPAWN_FAILED", {
    message: `the child could not be started (${code}): ${remedy[code] ?? "see the cause"}; this generation serves on`,
    cause,
  });
}
