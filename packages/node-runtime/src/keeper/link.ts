import { closeSync } from "node:fs";
import { dirname } from "node:path";
import { isSocket } from "../process/environment.js";
import { firstListenerDescriptor, type Spawner } from "../process/spawn.js";

/** Carries the keeper's process ID and the path of its socket: `4242:/run/heirloom/api/keeper.sock`. */
export const keeperVariable = "HEIRLOOM_KEEPER";

/** Carries the number of the descriptor by which the keeper learns that nobody is left. */
export const lifelineVariable = "HEIRLOOM_LIFELINE";

/**
 * What ties a generation to its keeper. The lifeline is a descriptor that every process holds which is owner or may
 * become one, and nobody else: its other end, in the keeper, ends when the last of them has died, and never before.
 */
export class KeeperLink {
  readonly path: string;
  #keeperPid: number;
  #lifeline: number | undefined;

  constructor(keeperPid: number, path: string, lifeline: number | undefined) {
    this.#keeperPid = keeperPid;
    this.path = path;
    this.#lifeline = lifeline;
  }

  /** Takes the link out of the environment; undefined where nobody keeps this service. */
  static take(env: NodeJS.ProcessEnv = process.env): KeeperLink | undefined {
    const { [keeperVariable]: keeper, [lifelineVariable]: lifeline } = env;
    delete env[keeperVariable];
    delete env[lifelineVariable];
    const [, pid, path] = /^(\d+):(\/.+)$/.exec(keeper ?? "") ?? [];
    if (pid === undefined || path === undefined) return undefined;
    const descriptor = Number(lifeline);
    return new KeeperLink(Number(pid), path, isSocket(descriptor) ? descriptor : undefined);
  }

  /** The folder of the service's sockets, the keeper's among them: its name is what the keeper calls the service. */
  get folder(): string {
    return dirname(this.path);
  }

  get keeperPid(): number {
    return this.#keeperPid;
  }

  /** Holds on to this lifeline instead: at once, so that a child that is started from here on inherits it. */
  hold(keeperPid: number, lifeline: number): void {
    this.letGo();
    this.#keeperPid = keeperPid;
    this.#lifeline = lifeline;
  }

  /** This generation will never be owner again. */
  letGo(): void {
    if (this.#lifeline !== undefined) closeSync(this.#lifeline);
    this.#lifeline = undefined;
  }

  /** Starts children that hold on to the lifeline from their first moment. */
  over(spawner: Spawner): Spawner {
    return {
      ...(spawner.prepare && { prepare: spawner.prepare }),
      spawn: (request, listener) => {
        const { launch, descriptors } = request;
        const lifeline = this.#lifeline;
        const kept = lifeline === undefined ? descriptors : [...descriptors, lifeline];
        const env = {
          ...launch.env,
          [keeperVariable]: `${this.#keeperPid}:${this.path}`,
          [lifelineVariable]: String(firstListenerDescriptor + descriptors.length),
        };
        spawner.spawn({ ...request, descriptors: kept, launch: { ...launch, env } }, listener);
      },
    };
  }
}
