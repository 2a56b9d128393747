import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";

const runVariable = "HEIRLOOM_TEST_RUN";

/** The preload as a program gets it. */
const preload = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly preload?: "import" | "require" | "none";
  /** Runs the program under this command. */
  readonly under?: readonly string[];
  /** Extension of a program that is given as source. Default: mjs. */
  readonly extension?: "mjs" | "cjs";
  /** Called with the folder of the program before it starts. */
  readonly prepare?: (dir: string) => void;
}

/** A program under test, in all of its generations. Whatever is left of it is ended with the test, and fails the test. */
export class Program {
  readonly dir = mkdtempSync(join(tmpdir(), "heirloom-register-"));
  readonly #run = randomUUID();
  /** What it wrote to standard output, and to standard error. */
  output = "";
  log = "";
  /** The generation that is owner, as far as is known. */
  pid = 0;
  #process: ChildProcess | undefined;
  #script = "";

  /** Starts a file, or source text, with the preload. */
  static start(program: string, options: StartOptions = {}): Program {
    const started = new Program();
    onTestFinished(() => started.#end());
    options.prepare?.(started.dir);
    started.#start(program, options);
    return started;
  }

  /** Deploys another release of a program that was given as source. */
  deploy(source: string): void {
    writeFileSync(this.#script, source);
  }

  #start(
    program: string,
    { env, args = [], preload: how = "import", under = [], extension = "mjs" }: StartOptions,
  ) {
    this.#script = program.includes("\n") ? join(this.dir, `program.${extension}`) : program;
    if (program.includes("\n")) this.deploy(program);
    const option = {
      import: ["--import", pathToFileURL(preload("index.js")).href],
      require: ["--require", preload("index.cjs")],
      none: [],
    }[how];
    const command = [...under, process.execPath, ...option, this.#script, ...args];
    this.#process = spawn(command[0] as string, command.slice(1), {
      cwd: this.dir,
      env: {
        PATH: process.env.PATH,
        TMPDIR: tmpdir(),
        HEIRLOOM_PROBATION_MS: "100",
        HEIRLOOM_CONTROL_FOLDER: join(this.dir, "control"),
        API: pathToFileURL(preload("api.js")).href,
        [runVariable]: this.#run,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.pid = this.#process.pid ?? 0;
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
  }

  /** Waits until it has written this to standard output. */
  says(text: string | RegExp): Promise<string> {
    return this.#written(() => this.output, text);
  }

  /** Waits until this stands in the log. */
  logs(text: string | RegExp): Promise<string> {
    return this.#written(() => this.log, text);
  }

  signal(signal: NodeJS.Signals, pid = this.pid): void {
    process.kill(pid, signal);
  }

  /** A restart that has to succeed; resolves once the parent has drained and gone. */
  async restart(signal: NodeJS.Signals = "SIGHUP"): Promise<void> {
    const parent = this.pid;
    this.signal(signal);
    const line = await this.logs(
      new RegExp(
        `generation \\d+ \\(pid ${parent}\\) (serves on|handed over to generation \\d+ \\(pid \\d+\\))`,
      ),
    );
    const child = /handed over to generation \d+ \(pid (\d+)\)/.exec(line)?.[1];
    if (child === undefined) throw new Error(`no restart\n${this.transcript}`);
    this.pid = Number(child);
    await eventually("the parent exits", () => !this.processes.includes(parent));
  }

  /** A restart that has to fail; resolves with the line that says why. */
  async failToRestart(signal: NodeJS.Signals = "SIGHUP"): Promise<string> {
    const { length } = this.log;
    this.signal(signal);
    return eventually(
      "a handoff fails",
      () => /generation .* serves on: .*/.exec(this.log.slice(length))?.[0],
    );
  }

  /** Waits for the end of every process of it. */
  async gone(): Promise<void> {
    await eventually(`the program ends\n${this.transcript}`, () => this.processes.length === 0);
  }

  /** The status, or signal, with which the process that was started first ends. */
  firstStatus(): Promise<number | string> {
    return eventually("the first process ends", () => {
      const { exitCode, signalCode } = this.#process ?? {};
      return exitCode === 0 ? "0" : (exitCode ?? signalCode);
    });
  }

  /** The processes that carry this run's mark, and what those started. */
  get processes(): number[] {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry) && environmentOf(entry).includes(`${runVariable}=${this.#run}`))
      .map(Number);
  }

  get transcript(): string {
    return `${this.output}\n${this.log}`;
  }

  async #written(text: () => string, wanted: string | RegExp): Promise<string> {
    const look = () =>
      typeof wanted === "string" ? (text().includes(wanted) ? wanted : "") : wanted.exec(text())?.[0];
    try {
      return await eventually(`the program writes ${wanted}`, look);
    } catch (cause) {
      throw new Error(`the program does not write ${wanted}\n${this.transcript}`, { cause });
    }
  }

  async #end(): Promise<void> {
    try {
      for (const pid of this.processes) this.#tell(pid, "SIGTERM");
      await this.gone();
    } finally {
      for (const pid of this.processes) this.#tell(pid, "SIGKILL");
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  #tell(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone meanwhile.
    }
  }
}

/** Empty for a process that is dead, or was never ours. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
