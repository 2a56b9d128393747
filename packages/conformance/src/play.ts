import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.js";
import type { Implementation } from "./implementation.js";
import { answerOn, Connection, type Target, type Who } from "./load/connection.js";
import { Load, type LoadResult } from "./load/load.js";
import { clientPortsOf, isStopped, markVariable } from "./processes.js";
import { environmentOf, type Fault, type ListenerConfig, Program, type Release } from "./program.js";

/** What a scenario asks of one side, beyond what every release of a scenario is. */
export interface Side {
  readonly fault?: Fault;
  readonly versions?: string;
  readonly features?: readonly string[];
  /** Further arguments of the program. */
  readonly args?: (play: Play) => readonly string[];
  readonly deadlines?: Partial<Release["deadlines"]>;
  /** Beside `web`, or instead of it. */
  readonly listeners?: (play: Play) => readonly ListenerConfig[];
}

const deadlines = {
  readyMs: 30_000,
  parkMs: 5_000,
  commitMs: 10_000,
  drainMs: 10_000,
  exitMs: 5_000,
  probationMs: 100,
};
const notSupported = 77;

/** One performance of a scenario: a parent, a child, clients, and what happens to them. */
export class Play {
  readonly folder = mkdtempSync(join(tmpdir(), "conformance-"));
  readonly #ports = new Map<string, number>();
  readonly #occupied: Server[] = [];
  readonly #kept: Connection[] = [];
  #program: Program | undefined;
  #load: Load | undefined;
  /** What became of the clients, once the load has been stopped. */
  loadResult: LoadResult | undefined;
  /**
   * A process that a fault or the scenario killed, unless nobody saw it, when it was seen to be gone, and where that is known the
   * ports of the clients whose connections it had: those that have moved to it were answered by another process before.
   */
  killed:
    | { readonly pid: number | undefined; readonly at: number; readonly clients?: ReadonlySet<number> }
    | undefined;

  constructor(
    readonly parent: Implementation,
    readonly child: Implementation,
  ) {}

  get program(): Program {
    if (this.#program === undefined) throw new Error("the service has not been started");
    return this.#program;
  }

  /** A port that was free, the same one for the same name. */
  async reservePorts(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const server = await listenAnywhere();
      this.#ports.set(name, portOf(server));
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** A port that is taken until the end of the play. */
  async occupyPort(name: string): Promise<void> {
    const server = await listenAnywhere();
    this.#occupied.push(server);
    this.#ports.set(name, portOf(server));
  }

  tcp(name: string, port = name): ListenerConfig {
    return { name, kind: "tcp", host: "127.0.0.1", port: this.port(port) };
  }

  unix(name: string): ListenerConfig {
    return { name, kind: "unix", path: join(this.folder, `${name}.sock`) };
  }

  port(name: string): number {
    const port = this.#ports.get(name);
    if (port === undefined) throw new Error(`no port was reserved for ${name}`);
    return port;
  }

  target(name = "web"): Target {
    return { host: "127.0.0.1", port: this.port(name) };
  }

  /** The parent's release, whose child is the child's, whose child is the parent's implementation without a fault. */
  release(parent: Side, child: Side, third: Side = {}): Release {
    const make = (implementation: Implementation, side: Side, next?: Release): Release => ({
      command: [...implementation.command, ...(side.args?.(this) ?? [])],
      listeners: side.listeners?.(this) ?? [this.tcp("web")],
      deadlines: { ...deadlines, ...side.deadlines },
      ...(side.fault ? { fault: side.fault } : {}),
      ...(side.versions ? { versions: side.versions } : {}),
      ...(side.features ? { features: side.features } : {}),
      ...(next ? { child: next } : {}),
    });
    return make(this.parent, parent, make(this.child, child, make(this.parent, third)));
  }

  async start(release: Release, { withLoad = true, target = this.target() } = {}): Promise<Who> {
    this.#program = new Program(release, target);
    const who = await this.program.untilServing();
    if (withLoad) this.#load = new Load(target);
    return who;
  }

  /** INV-2: clients that were there all the time are served by this process. */
  async untilLoadIsServedBy(pid: number): Promise<void> {
    await eventually(`process ${pid} serves the clients`, () => this.#load?.hasBeenServedBy(pid) ?? true);
  }

  async stopLoad(): Promise<void> {
    this.loadResult ??= await this.#load?.stop();
  }

  /** Asks generation 1 for something that takes this long: it is under way when this returns. */
  async slowRequest(ms: number): Promise<{ readonly answer: Promise<Who | string> }> {
    const connection = await Connection.open(this.target());
    const answer = connection.get(`/slow?ms=${ms}`, true).then((result) => {
      connection.close();
      return typeof result === "string" ? result : result.who;
    });
    // Written before the next connection's request: the program has it when that one is answered.
    await this.program.untilGeneration(1);
    return { answer };
  }

  /** Clients that have been answered once, and keep their connections. */
  async keptConnections(count: number): Promise<Connection[]> {
    for (let i = 0; i < count; i++) {
      const connection = await Connection.open(this.target());
      this.#kept.push(connection);
      await answerOn(connection);
    }
    return this.#kept;
  }

  /** Kills a process that may have been given connections, and waits for its end. */
  async kill(pid: number): Promise<void> {
    this.program.signal("SIGSTOP", pid);
    await eventually(`process ${pid} has stopped`, () => isStopped(pid));
    const clients = clientPortsOf(pid);
    this.program.signal("SIGKILL", pid);
    await this.program.untilDead(pid);
    this.killed = { pid, at: performance.now(), clients };
  }

  /** Waits for the end of a process that is going to be, or has been, killed. */
  async untilKilled(pid: number): Promise<void> {
    await this.program.untilDead(pid);
    this.killed = { pid, at: performance.now() };
  }

  async end(): Promise<void> {
    await this.stopLoad();
    for (const connection of this.#kept) connection.close();
    await this.#program?.destroy();
    for (const server of this.#occupied) server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const checked = new Map<string, Promise<boolean>>();

/** Asks the program whether it can be what a release wants of it. Answers are remembered. */
export function supports(release: Release, role: "parent" | "child"): Promise<boolean> {
  const { fault, versions, features, command } = release;
  const key = JSON.stringify([command, fault, versions, features, role]);
  const known = checked.get(key);
  if (known !== undefined) return known;
  const answer = new Promise<boolean>((resolve, reject) => {
    const environment = Object.entries({ ...environmentOf(release), CONFORMANCE_CHECK: role });
    const env: NodeJS.ProcessEnv = { PATH: process.env.PATH };
    for (const [name, value] of environment) if (value !== null) env[name] = value;
    if (process.env[markVariable] !== undefined) env[markVariable] = process.env[markVariable];
    execFile(command[0] as string, command.slice(1), { env, timeout: 15_000 }, (error) => {
      if (error === null) resolve(true);
      else if (error.code === notSupported) resolve(false);
      else reject(new Error(`${command.join(" ")} with CONFORMANCE_CHECK: ${error.message}`));
    });
  });
  checked.set(key, answer);
  return answer;
}

async function listenAnywhere(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}
