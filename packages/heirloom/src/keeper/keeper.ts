import { chmodSync, closeSync, readFileSync, renameSync } from "node:fs";
import type { Server } from "node:net";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ExitStatus,
  exists,
  netServer,
  type Posix,
  presenceOf,
  remove,
  type Syscalls,
} from "@heirloom/node-runtime/keeper";
import { CommandError } from "../exit-status.js";
import { type Activated, Custody } from "./custody.js";
import { Generations } from "./generations.js";
import { openLetterBox } from "./letter-box.js";
import { Lifelines } from "./lifelines.js";
import { Patience } from "./patience.js";
import { Reaper } from "./reaper.js";
import { createReception, type Owner } from "./reception.js";
import { type Program, start } from "./starter.js";

/** How long a process that has closed everything may take until the system tells its exit. */
const exitDeadlineMs = 1_000;
/** How long a restart that was asked for waits for an owner to make its deposit, and then for one that catches the signal. */
const unkeptAfterMs = 1_000;
/** How long a generation may say nothing before people are told what may be missing. */
const silenceMs = 5_000;
/** How long a service that runs already may take to find this keeper. */
const takeoverDeadlineMs = 5_000;

export interface KeeperOptions {
  readonly program: Program;
  /** The path of the socket that owners find their keeper by: the same for a keeper that comes after this one. */
  readonly socket: string;
  readonly crashesMax: number;
  readonly activated: Activated;
  /** Whether a generation of this service runs already, which this keeper is to take over. */
  readonly runs: () => Promise<boolean>;
  readonly log: (line: string) => void;
}

/**
 * The process that stays. It runs nothing of the application, holds every listener, and starts a generation where nobody is left
 * to do it; each other one is started by its parent, as without a keeper, and becomes this process's child when its parent leaves.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #posix: Posix;
  readonly #reaper: Reaper;
  readonly #reception: Server;
  readonly #syscalls: Syscalls;
  readonly #custody: Custody;
  readonly #lifelines: Lifelines;
  readonly #patience: Patience;
  readonly #generations = new Generations();
  #end: (status: number) => void = () => {};
  /** The generation to forward signals to. */
  #pid: number | undefined;
  /** The generation that was owner last. */
  #served: number | undefined;
  #youngest = 0;
  #startedAt = 0;
  /** Whether the end of every lifeline means that the service is dead: not before one was started, or found. */
  #begun = false;
  #stopping = false;
  /** The signal to end that the next owner is to get, too. */
  #pending: NodeJS.Signals | undefined;
  /** Who deposited last, while it is there. */
  #owner: Owner | undefined;
  /** Of the generation that was started last, until it has made its deposit. */
  #letterBox: number | undefined;
  /** Whether a restart was asked for that nobody has begun. */
  #restartWanted = false;
  #unkept: NodeJS.Timeout | undefined;

  constructor(posix: Posix, syscalls: Syscalls, options: KeeperOptions) {
    this.#options = options;
    this.#posix = posix;
    this.#syscalls = syscalls;
    this.#custody = new Custody(options.activated);
    this.#reaper = new Reaper(posix);
    this.#patience = new Patience(options.crashesMax);
    this.#lifelines = new Lifelines(() => void this.#allEnded());
    this.#reception = createReception(posix, syscalls, {
      lifeline: (descriptor) => this.#lifelines.hold(descriptor),
      deposited: (deposit, descriptors, owner) => {
        this.#custody.take(deposit, descriptors);
        const untaken = this.#owner?.isAsked === true;
        this.#owner?.excuse();
        this.#owner = owner;
        if (this.#letterBox !== undefined) closeSync(this.#letterBox);
        this.#letterBox = undefined;
        this.#pid = deposit.pid;
        this.#generations.add(deposit.pid);
        this.#served = deposit.pid;
        this.#youngest = deposit.generation;
        this.#startedAt = performance.now();
        this.#begun = true;
        // What came while nobody was known to be owner, or an owner that was leaving already, is this one's to do.
        if (this.#pending !== undefined) this.#forward(this.#pending);
        else if (this.#restartWanted || untaken) this.#restart();
        options.log(`keeps the listeners of generation ${deposit.generation} (pid ${deposit.pid})`);
      },
      left: (owner, unanswered) => {
        if (this.#owner === owner) this.#owner = undefined;
        if (unanswered) this.#restart();
      },
      stopping: () => {
        this.#stopping = true;
      },
    });
  }

  /** Runs the service. Resolves with its exit status, once it has ended for good. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    await this.#listen();
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.removeAllListeners(signal).on(signal, () => this.#terminate(signal));
    process.on("SIGHUP", () => this.#restart());
    process.once("exit", () => remove(this.#options.socket));
    if (await this.#options.runs()) await this.#takeOver();
    if (!this.#begun) this.#start();
    return ended;
  }

  async #takeOver(): Promise<void> {
    this.#options.log("a service of this name runs: waiting for it");
    const until = Date.now() + takeoverDeadlineMs;
    while (!this.#begun && Date.now() < until) await delay(20);
    if (!this.#begun) {
      throw new CommandError(
        "refused",
        "the service that runs is in a restart, or was not started by heirloom run: try again, or stop it first",
      );
    }
  }

  #start(): void {
    const { program, socket, log } = this.#options;
    this.#begun = true;
    this.#youngest += 1;
    this.#startedAt = performance.now();
    // What is started now is what was asked for.
    this.#restartWanted = false;
    try {
      const { pid, lifeline, letterBox } = start(this.#posix, program, socket, this.#custody, this.#youngest);
      this.#pid = pid;
      this.#generations.add(pid);
      this.#letterBox = letterBox;
      this.#lifelines.hold(lifeline);
      setTimeout(() => this.#wonder(pid), silenceMs).unref();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      log(`${program.file} cannot be started in ${program.cwd} (${code})`);
      this.#pid = undefined;
      this.#begun = false;
      setImmediate(() => this.#crashed(undefined));
    }
  }

  /** A program that knows nothing of Heirloom looks like one that boots for long. */
  #wonder(pid: number): void {
    if (this.#pid !== pid || this.#served === pid) return;
    this.#options.log(
      `generation ${this.#youngest} (pid ${pid}) has handed in no listener yet: unless it still boots, it does not use @heirloom/node-runtime, and --register is missing (heirloom run --register -- node server.js)`,
    );
  }

  /** Nobody is left who is owner or may become one. */
  async #allEnded(): Promise<void> {
    if (!this.#begun) return;
    // Until another one is started: a lifeline that nobody took ends, too.
    this.#begun = false;
    this.#openLetterBox();
    const status = this.#pid === undefined ? undefined : await this.#statusOf(this.#pid);
    // Somebody may have come meanwhile: an owner that this keeper has not heard of.
    if (this.#begun) return;
    if (status?.code === 0 && !this.#stopping && this.#pid !== this.#served) {
      this.#options.log(
        `generation ${this.#youngest} (pid ${this.#pid}) ended with status 0 and has never listened: the service is over`,
      );
    }
    if (this.#stopping || status?.code === 0) void this.#finish(exitStatusOf(status));
    else this.#crashed(status);
  }

  #crashed(status: ExitStatus | undefined): void {
    const { log } = this.#options;
    const how =
      status === undefined
        ? "is gone"
        : status.signal === null
          ? `exited with status ${status.code}`
          : `was ended by ${status.signal}`;
    // Nobody does that to itself: it says nothing against a release that served, be it an operator or the system, for want of memory.
    const blameless = status?.signal === "SIGKILL" && this.#pid === this.#served;
    const waitMs = blameless ? 0 : this.#patience.crashed(performance.now() - this.#startedAt);
    const died = `generation ${this.#youngest}${this.#pid === undefined ? "" : ` (pid ${this.#pid})`} ${how}`;
    this.#pid = undefined;
    if (waitMs === undefined) {
      log(`${died}: it has crashed too often in a row, and is not started again; see its log`);
      void this.#finish(exitStatusOf(status) || 1);
      return;
    }
    log(
      `${died}: starting generation ${this.#youngest + 1}${waitMs > 0 ? ` in ${waitMs} ms` : ""}; its clients wait`,
    );
    setTimeout(() => {
      // An owner that this keeper had not heard of may have come meanwhile.
      if (!this.#stopping && !this.#begun) this.#start();
    }, waitMs);
  }

  /** Nobody is to be started again. Those that finish what they accepted would die with process 1 of a container. */
  async #finish(status: number): Promise<void> {
    // Whoever comes now is refused, and does not wait for nobody.
    this.#custody.release();
    const { alive } = this.#generations;
    if (alive.length > 0)
      this.#options.log(`the service is over, once pid ${alive.join(", ")} has finished what was accepted`);
    while (this.#generations.alive.length > 0) await delay(20);
    // An owner that this keeper had not heard of may have come meanwhile.
    if (!this.#begun) this.#end(status);
  }

  #openLetterBox(): void {
    if (this.#letterBox === undefined) return;
    const letter = openLetterBox(this.#syscalls, this.#letterBox);
    this.#letterBox = undefined;
    if (letter !== undefined) this.#custody.take(letter.deposit, letter.descriptors);
  }

  async #statusOf(pid: number): Promise<ExitStatus | undefined> {
    const until = Date.now() + exitDeadlineMs;
    for (;;) {
      const status = this.#reaper.statusOf(pid);
      if (status !== undefined || Date.now() > until || !exists(pid)) return status;
      await delay(5);
    }
  }

  #terminate(signal: NodeJS.Signals): void {
    this.#stopping = true;
    this.#pending = signal;
    if (this.#pid === undefined) void this.#finish(128 + constants.signals[signal]);
    else this.#forward(signal);
  }

  /** Sees to it that a generation is started after this moment. Nobody who is leaving, or not there yet, takes the order along. */
  #restart(): void {
    this.#restartWanted = this.#owner === undefined;
    this.#owner?.restart();
    clearTimeout(this.#unkept);
    if (this.#restartWanted) this.#unkept = setTimeout(() => this.#restartUnkept(), unkeptAfterMs);
  }

  /** A generation that makes no deposit, for want of koffi, can be sent a signal only: once it does not die of it. */
  #restartUnkept(): void {
    if (!this.#restartWanted) return;
    if (this.#pid === undefined || !catchesHangup(this.#pid)) {
      this.#unkept = setTimeout(() => this.#restartUnkept(), unkeptAfterMs);
      return;
    }
    this.#restartWanted = false;
    process.kill(this.#pid, "SIGHUP");
  }

  #forward(signal: NodeJS.Signals): void {
    try {
      if (this.#pid !== undefined) process.kill(this.#pid, signal);
    } catch {
      // It has died: its child gets the signal when it is known, and the end of the lifeline tells if there is none.
      this.#pending ??= signal;
    }
  }

  async #listen(): Promise<void> {
    const { socket } = this.#options;
    if ((await presenceOf(socket)) === "answers")
      throw new CommandError(
        "refused",
        `a keeper runs already for this service (${socket}): give this one another --name`,
      );
    const temporary = join(dirname(socket), `.keeper-${process.pid}.sock`);
    await new Promise<void>((resolve, reject) => {
      this.#reception.once("error", reject);
      this.#reception.once("listening", resolve);
      // A preload that the shell's NODE_OPTIONS bring here would make this process a generation, and SIGHUP its own.
      netServer.listen.call(this.#reception, { path: temporary });
    });
    chmodSync(temporary, 0o600);
    renameSync(temporary, socket);
  }
}

/** What a shell calls it. */
function exitStatusOf(status: ExitStatus | undefined): number {
  if (status === undefined) return 0;
  return status.code ?? 128 + (constants.signals[status.signal as NodeJS.Signals] ?? 0);
}

/** Whether a process has a handler of SIGHUP: not before it is a generation, and not when it is dead. */
function catchesHangup(pid: number): boolean {
  try {
    const [, caught = "0"] =
      /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return (BigInt(`0x${caught}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
