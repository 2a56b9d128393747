import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { GenerationOptions, ListenerInfo, ListenOptions } from "../../src/index.js";
import { request, type Target } from "./client.js";
import { deadlineMs, eventually } from "./eventually.js";
import { isAlive, processesOf, runVariable } from "./processes.js";

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface FixtureListener extends ListenOptions {
  readonly server:
    | "http"
    | "https"
    | "http2"
    | "http2s"
    | "certified"
    | "certifiedHttp2"
    | "certifiedIntoHttp"
    | "net"
    | "express"
    | "fastify"
    | "koa"
    | "hono";
  /** Properties of an http server, such as keepAliveTimeout. */
  readonly settings?: Readonly<Record<string, number>>;
}

export interface FixtureStream {
  readonly name: string;
  readonly version?: number;
  readonly oldestVersion?: number;
  readonly warm?: string;
  readonly export?: string;
  readonly import?: string;
  /** How much `big` gives out. */
  readonly bytes?: number;
}

/** What the next generation that starts is like. */
export interface Config {
  readonly api?: "serve" | "steps";
  readonly listeners?: readonly FixtureListener[];
  readonly options?: Omit<GenerationOptions, "log">;
  readonly hooks?: Readonly<
    Partial<Record<"retire" | "resume" | "exit", "say" | "fail" | "hang" | "hangOnce">>
  >;
  /** A function of fixtures/misbehaviour.mjs to call before the service joins. */
  readonly before?: string;
  readonly beforeReady?: string;
  readonly spareDescriptors?: number;
  /** Options of certified servers. */
  readonly tls?: { readonly sessionIdContext?: string; readonly keepAliveTimeout?: number };
  /** Streams of state, and how the next generation gives them out and takes them: fixtures/state.mjs. */
  readonly carry?: readonly FixtureStream[];
}

/** Where a process of the service sends itself a signal, once. */
export interface Fault {
  readonly role: "parent" | "child";
  readonly effect?: string;
  readonly when?: "before" | "after";
  readonly event?: string;
  readonly to?: string;
  readonly signal: NodeJS.Signals;
}

/** A line that a generation wrote about itself. */
export interface Line {
  readonly event: string;
  readonly pid: number;
  readonly generation?: number;
  readonly [field: string]: unknown;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  readonly cwd?: string;
  /** Default: fixtures/service.mjs. */
  readonly script?: string;
  readonly argv?: readonly string[];
  /** Runs the service under this command, such as a shell that lowers a limit. */
  readonly under?: readonly string[];
  /** Called with the folder of the service before its first generation starts. */
  readonly prepare?: (dir: string) => void;
  /** Whether the test ends before a first generation is owner. */
  readonly withoutOwner?: boolean;
}

const quickly: GenerationOptions = { drainDeadlineMs: 5_000 };

export const oneHttp: readonly FixtureListener[] = [{ server: "http", host: "127.0.0.1", port: 0 }];

/** A service under test: all of its generations. Whatever is left of it is ended with the test, and fails the test. */
export class Service {
  readonly run = randomUUID();
  readonly dir = mkdtempSync(join(tmpdir(), "heirloom-test-"));
  readonly lines: Line[] = [];
  /** Everything that its generations wrote for people. */
  log = "";
  #listener: ((line: Line) => void)[] = [];
  /** Whether nobody is left who could write to standard output. */
  #silent = false;
  readonly #seen = new Set<number>();
  #process: ChildProcess | undefined;
  /** How the process that the test started has ended. */
  exited: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;

  /** Starts the first generation, and waits until it is owner. */
  static async start(config: Config = {}, options: StartOptions = {}): Promise<Service> {
    const service = new Service();
    service.configure(config);
    onTestFinished(() => service.end());
    options.prepare?.(service.dir);
    service.#spawn(options);
    if (!options.withoutOwner) await service.owner(1);
    return service;
  }

  /** Deploys a release: what the next generation is like. */
  configure(config: Config): void {
    const listeners = config.listeners ?? oneHttp;
    const named = listeners.map((listener) => ({ name: "default", ...listener }));
    const options = { ...quickly, ...config.options };
    writeFileSync(join(this.dir, "config.json"), JSON.stringify({ ...config, options, listeners: named }));
  }

  arm(fault: Fault): void {
    writeFileSync(join(this.dir, "fault.json"), JSON.stringify(fault));
  }

  get armed(): boolean {
    return existsSync(join(this.dir, "fault.json"));
  }

  /** How many lines there are: to wait only for what comes from here on. */
  get now(): number {
    return this.lines.length;
  }

  /** The first line with this event and these fields, also one that came already. */
  async until(event: string, fields: Record<string, unknown> = {}, since = 0): Promise<Line> {
    const matches = (line: Line) =>
      line.event === event && Object.entries(fields).every(([name, value]) => line[name] === value);
    const found = this.lines.slice(since).find(matches);
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const take = (line: Line) => {
        if (!matches(line)) return;
        this.#listener = this.#listener.filter((each) => each !== take);
        clearTimeout(timer);
        resolve(line);
      };
      const timer = setTimeout(() => {
        const wanted = JSON.stringify({ event, ...fields });
        reject(new Error(`no line ${wanted} within ${deadlineMs} ms\n${this.transcript}`));
      }, deadlineMs);
      this.#listener.push(take);
    });
  }

  /** Leaves its standard error without a reader, as a log process that has died does. */
  stopReadingLog(): void {
    this.#process?.stderr?.destroy();
  }

  /** Waits until its generations have written this for people, which has a stream of its own. */
  async logged(text: RegExp): Promise<void> {
    await eventually(`the log has ${text}`, () => text.test(this.log));
  }

  get transcript(): string {
    return `${this.lines.map((line) => JSON.stringify(line)).join("\n")}\n${this.log}`;
  }

  owner(generation: number, since = 0): Promise<Line> {
    return this.until("owner", { generation }, since);
  }

  /** The process of the youngest generation that became owner and lives. */
  get pid(): number {
    const owner = this.#owner;
    if (owner === undefined) throw new Error(`no generation is owner\n${this.transcript}`);
    return owner;
  }

  get #owner(): number | undefined {
    return this.lines.filter(({ event, pid }) => event === "owner" && isAlive(pid)).at(-1)?.pid;
  }

  signal(signal: NodeJS.Signals, pid = this.pid): void {
    process.kill(pid, signal);
  }

  /** Asks the owner's `generation.handoff()`, and waits for what it says. */
  async handoff(): Promise<Line> {
    const { now, pid } = this;
    this.signal("SIGUSR2", pid);
    return this.until("outcome", { pid }, now);
  }

  /** A handoff that has to succeed; resolves once the parent has drained and gone. */
  async succeed(): Promise<Line> {
    const { now, pid } = this;
    const outcome = await this.handoff();
    if (outcome.outcome !== "committed") throw new Error(`${outcome.message}\n${this.transcript}`);
    await this.until("exit", { pid }, now);
    await this.owner((outcome.child as { generation: number }).generation, now);
    return outcome;
  }

  listeners(generation = 1): Promise<ListenerInfo[]> {
    return this.until("listening", { generation }).then((line) => line.listeners as ListenerInfo[]);
  }

  /** Where clients reach the listener with this name. */
  async target(name = "default"): Promise<Target> {
    const info = (await this.listeners()).find((listener) => listener.name === name);
    if (info === undefined) throw new Error(`there is no listener ${name}`);
    const { address } = info;
    return address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
  }

  /** The generation that answers a client. */
  async whoami(target?: Target): Promise<number> {
    const answer = await request(target ?? (await this.target()));
    if (answer.outcome !== "ok") throw new Error(`a client was ${answer.outcome}\n${this.transcript}`);
    return answer.generation;
  }

  /** Live processes of any generation, and what those started. */
  get processes(): number[] {
    for (const pid of processesOf(this.run)) this.#seen.add(pid);
    return [...this.#seen].filter(isAlive);
  }

  /** Waits until nothing of the service runs, and everything that it said has been heard. */
  async gone(): Promise<void> {
    await eventually("the service ends", () => this.processes.length === 0 && this.#silent);
  }

  /** Ends the service as an operator would, and finds what that leaves behind. */
  async end(): Promise<void> {
    const told = new Set<number>();
    try {
      await eventually("the service ends", () => {
        const owner = this.#owner;
        if (owner !== undefined && !told.has(owner)) this.signal("SIGTERM", owner);
        if (owner !== undefined) told.add(owner);
        return this.processes.length === 0;
      });
    } catch (error) {
      throw new Error(`${this.processes.length} processes outlive the service\n${this.transcript}`, {
        cause: error,
      });
    } finally {
      for (const pid of this.processes) this.signal("SIGKILL", pid);
      this.#process?.stdout?.destroy();
      this.#process?.stderr?.destroy();
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  #spawn({
    env,
    execArgv = [],
    cwd,
    script = fixture("service.mjs"),
    argv = [],
    under = [],
  }: StartOptions): void {
    const command = [
      ...under,
      process.execPath,
      "--import",
      fixture("fault.mjs"),
      ...execArgv,
      script,
      ...argv,
    ];
    this.#process = spawn(command[0] as string, command.slice(1), {
      cwd: cwd ?? this.dir,
      // Nothing of the test runner's own environment.
      env: {
        PATH: process.env.PATH,
        TMPDIR: tmpdir(),
        PWD: cwd ?? this.dir,
        FIXTURE_DIR: this.dir,
        // Control sockets are the test's own, and gone with it.
        XDG_RUNTIME_DIR: this.dir,
        [runVariable]: this.run,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#process.once("exit", (code, signal) => {
      this.exited = { code, signal };
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    const lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    lines.on("close", () => {
      this.#silent = true;
    });
    lines.on("line", (text) => {
      const line = JSON.parse(text) as Line;
      this.lines.push(line);
      for (const listener of this.#listener) listener(line);
    });
  }
}
