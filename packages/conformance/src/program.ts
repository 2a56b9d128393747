import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { setTimeout } from "node:timers/promises";
import { eventually } from "./eventually.js";
import { type Target, type Who, whoami } from "./load/connection.js";
import { hasCollectedAChild, isAlive, isStopped, markVariable, processesOf } from "./processes.js";

/** Where a program strikes itself: `child after-ready`, and with what. */
export interface Fault {
  readonly role: "parent" | "child";
  readonly step: string;
  readonly action: "kill" | "stop";
}

export type ListenerConfig =
  | { readonly name: string; readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly name: string; readonly kind: "unix"; readonly path: string };

/** What one generation is like. The names of the variables stand in spec/conformance/README.md. */
export interface Release {
  readonly command: readonly string[];
  readonly listeners: readonly ListenerConfig[];
  readonly deadlines: Readonly<
    Record<"readyMs" | "parkMs" | "commitMs" | "drainMs" | "exitMs" | "probationMs", number>
  >;
  readonly fault?: Fault;
  /** The versions that it speaks, such as `7-9`; default: what it does speak. */
  readonly versions?: string;
  /** What it has to be able to, such as `connections`; default: nothing. */
  readonly features?: readonly string[];
  /** What it starts at a handoff. */
  readonly child?: Release;
}

/** The environment of a release; null removes a variable that was inherited. */
export function environmentOf(release: Release): Record<string, string | null> {
  const { fault, child } = release;
  return {
    CONFORMANCE_LISTENERS: JSON.stringify(release.listeners),
    CONFORMANCE_DEADLINES: JSON.stringify(release.deadlines),
    CONFORMANCE_FAULT: fault ? `${fault.role} ${fault.step} ${fault.action}` : null,
    CONFORMANCE_VERSIONS: release.versions ?? null,
    CONFORMANCE_FEATURES: release.features?.join() ?? null,
    CONFORMANCE_CHILD: child ? JSON.stringify({ command: child.command, env: environmentOf(child) }) : null,
  };
}

function withoutNulls(env: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** INV-1. What was inside a process that ended is for the load to judge. */
function unlessRefused(error: Error): undefined {
  if (/refused/.test(error.message)) throw error;
}

let count = 0;
const running = new Set<Program>();

/** Ends everything that was started: for a runner that is itself told to end. */
export async function destroyAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.destroy()));
}

/** A service under test: its first generation, and whatever that starts. */
export class Program {
  readonly mark = `${process.env[markVariable] ?? "conformance"}:${process.pid}-${++count}`;
  readonly target: Target;
  /** What the service wrote, for people. */
  log = "";
  /** When generation 1 had ended. */
  exitedAt: number | undefined;
  exitStatus: number | undefined;
  readonly #process: ChildProcess;

  constructor(release: Release, target: Target, extra: Readonly<Record<string, string>> = {}) {
    this.target = target;
    running.add(this);
    const [file, ...args] = release.command;
    this.#process = spawn(file as string, args, {
      env: {
        PATH: process.env.PATH,
        TMPDIR: tmpdir(),
        ...withoutNulls(environmentOf(release)),
        ...extra,
        [markVariable]: this.mark,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    }
    this.#process.once("error", (error) => {
      this.log += `${error.message}\n`;
      this.#exited(undefined);
    });
    this.#process.once("exit", (status) => this.#exited(status ?? undefined));
  }

  #exited(status: number | undefined): void {
    this.exitedAt = Date.now();
    this.exitStatus = status;
  }

  /** Generation 1. */
  get pid(): number {
    return this.#process.pid as number;
  }

  get processes(): number[] {
    return processesOf(this.mark);
  }

  /** The live processes but for generation 1. */
  get successors(): number[] {
    return this.processes.filter((pid) => pid !== this.pid);
  }

  signal(signal: NodeJS.Signals, pid = this.pid): void {
    process.kill(pid, signal);
  }

  async untilServing(): Promise<Who> {
    return eventually("generation 1 serves", () => {
      if (this.exitedAt !== undefined) throw new Error(`generation 1 exited with status ${this.exitStatus}`);
      return whoami(this.target).catch(() => undefined);
    });
  }

  /** Waits until clients are answered by this generation. */
  async untilGeneration(generation: number): Promise<Who> {
    return eventually(`generation ${generation} serves`, async () => {
      const who = await whoami(this.target).catch(unlessRefused);
      return who?.generation === generation && who;
    });
  }

  /** A successor that has stopped itself (SIGSTOP). */
  untilSuccessorStopped(): Promise<number> {
    return eventually("the child stops itself", () => this.successors.find(isStopped));
  }

  /**
   * Waits until the first child has been started, and has ended. Undefined: nobody saw it alive. Some live for a twentieth of a
   * second, and a runner may be without a processor for longer.
   */
  async untilASuccessorIsGone(): Promise<number | undefined> {
    const { pid } = await eventually("a child is started", () => {
      const [pid] = this.successors;
      return (pid !== undefined || hasCollectedAChild(this.pid)) && { pid };
    });
    if (pid !== undefined) await this.untilDead(pid);
    return pid;
  }

  untilStopped(pid = this.pid): Promise<boolean> {
    return eventually("the parent stops itself", () => isStopped(pid));
  }

  untilExited(): Promise<boolean> {
    return eventually("generation 1 exits", () => this.exitedAt !== undefined);
  }

  untilDead(pid: number): Promise<boolean> {
    return eventually(`process ${pid} ends`, () => !isAlive(pid));
  }

  /** INV-5: nothing is left but what serves. */
  async untilAlone(pid: number): Promise<void> {
    await eventually(
      "only the owner is left",
      () => {
        const left = this.processes;
        return left.length === 1 && left[0] === pid;
      },
      20_000,
    );
  }

  untilGone(): Promise<boolean> {
    return eventually("the service ends", () => this.processes.length === 0, 20_000);
  }

  /** Ends whatever is left, however it is. */
  async destroy(): Promise<void> {
    while (this.processes.length > 0) {
      for (const pid of this.processes) {
        try {
          this.signal("SIGKILL", pid);
        } catch {
          // It has just ended.
        }
      }
      await setTimeout(5);
    }
    running.delete(this);
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
  }
}
