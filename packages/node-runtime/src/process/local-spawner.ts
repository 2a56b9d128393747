import { loadPosix } from "./posix.js";
import { posixSpawner } from "./posix-spawner.js";
import { nodeSpawner, type Spawner, type SpawnListener, type SpawnRequest } from "./spawn.js";

/** Starts successors on this machine: in the way that stalls this process least, as far as it is loaded. */
export class LocalSpawner implements Spawner {
  #preferred: Spawner | undefined;

  /** Loads what the next spawn needs, so that neither the clients nor the restart wait for it then. */
  readonly prepare = async (): Promise<void> => {
    const posix = await loadPosix();
    if (posix === undefined) process.getBuiltinModule("node:child_process");
    else this.#preferred = posixSpawner(posix);
  };

  spawn(request: SpawnRequest, listener: SpawnListener): void {
    // A bare name is looked for in the folders of PATH, which node:child_process does.
    const isPath = request.launch.execPath.includes("/");
    const spawner = isPath ? this.#preferred : undefined;
    (spawner ?? nodeSpawner).spawn(request, listener);
  }
}
