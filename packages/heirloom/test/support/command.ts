import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../../../node-runtime/test/support/eventually.js";
import type { Service } from "../../../node-runtime/test/support/service.js";

export const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Runs the command under this one, such as `script`, which gives it a terminal. */
  readonly under?: (command: readonly string[]) => readonly string[];
}

/** The command, on the machine of this service's user. */
export class CommandRun {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
  stdout = "";
  stderr = "";

  constructor(
    service: Pick<Service, "dir">,
    args: readonly string[],
    { env, cwd, under = (command) => command }: RunOptions = {},
  ) {
    const [file = "", ...rest] = under([process.execPath, main, ...args]);
    this.process = spawn(file, rest, {
      cwd,
      env: {
        PATH: process.env.PATH,
        TMPDIR: service.dir,
        XDG_RUNTIME_DIR: service.dir,
        // And nowhere else: other services may run on this machine.
        HEIRLOOM_CONTROL_FOLDER: join(service.dir, "heirloom"),
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.outcome = new Promise((resolve, reject) => {
      this.process.once("error", reject);
      this.process.once("close", (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Waits until it has written this for people. */
  async says(what: RegExp): Promise<void> {
    await eventually(`it says ${what}`, () => what.test(this.stderr));
  }
}

export function run(
  service: Pick<Service, "dir">,
  args: readonly string[],
  options?: RunOptions,
): Promise<Outcome> {
  return new CommandRun(service, args, options).outcome;
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** A real terminal, as script(1) gives one. */
export const inTerminal = (command: readonly string[]) => [
  "script",
  "-qec",
  command.map(quoted).join(" "),
  "/dev/null",
];
