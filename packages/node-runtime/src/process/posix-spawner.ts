import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { ExitWatch } from "./exit-watch.js";
import type { Posix } from "./posix.js";
import {
  environmentOf,
  quiet,
  type SpawnedChild,
  type Spawner,
  type SpawnRequest,
  spawnError,
} from "./spawn.js";

/**
 * Starts successors with posix_spawn(3), which lends them this process's memory until they execute their program.
 * node:child_process copies the tables of that memory, and every client waits meanwhile: measured, 45 ms for each GB.
 */
export function posixSpawner(posix: Posix): Spawner {
  posix.rehearse();
  return {
    spawn(request, listener) {
      let started: ReturnType<typeof start>;
      try {
        started = start(posix, request);
      } catch (error) {
        listener.failed(spawnError(request.launch, error));
        return;
      }
      const { pid, channel, descriptorChannel } = started;
      const watch = new ExitWatch(posix, pid, ({ code, signal }) => listener.exited(code, signal));
      listener.spawned({
        pid,
        channel,
        descriptorChannel,
        get exited() {
          return watch.exited;
        },
        kill: () => watch.kill(),
      });
    },
  };
}

function start(
  posix: Posix,
  request: SpawnRequest,
): Pick<SpawnedChild, "pid" | "channel" | "descriptorChannel"> {
  const { launch, descriptors } = request;
  const ours: number[] = [];
  const theirs: number[] = [];
  /** Returns this process's end. */
  const connect = (): number => {
    const [mine, its] = posix.socketPair();
    ours.push(mine);
    theirs.push(its);
    return mine;
  };
  try {
    const channel = connect();
    const descriptorChannel = connect();
    const pid = posix.spawn({
      file: launch.execPath,
      argv: [launch.execPath, ...launch.execArgv, ...launch.argv],
      env: environmentOf(request),
      cwd: launch.cwd,
      descriptors: [...theirs, ...descriptors],
    });
    // Not before: a restart waits for the process, and that does not wait for these.
    return {
      pid,
      channel: new Socket({ fd: channel }),
      descriptorChannel: quiet(new Socket({ fd: descriptorChannel })),
    };
  } catch (error) {
    for (const descriptor of ours) closeSync(descriptor);
    throw error;
  } finally {
    for (const descriptor of theirs) closeSync(descriptor);
  }
}
