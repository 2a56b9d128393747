import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { controlRoot, currentName, defaultServiceName } from "@heirloom/node-runtime/control";
import { loadPosix, loadSyscalls, openPrivateFolder, presenceOf } from "@heirloom/node-runtime/keeper";
import { CommandError } from "../exit-status.js";
import { Keeper } from "../keeper/keeper.js";
import { findProgram } from "../keeper/starter.js";

export interface RunOptions {
  readonly name?: string;
  readonly folder?: string;
  readonly crashes: string;
}

/** Runs a service under a process that stays, and ends with the service's exit status. */
export async function run(
  command: readonly string[],
  { name, folder, crashes }: RunOptions,
): Promise<number> {
  const crashesMax = Number(crashes);
  if (!Number.isInteger(crashesMax) || crashesMax < 0 || crashesMax > 1_000)
    throw new CommandError("usage", `--crashes ${crashes} is not a whole number from 0 to 1000`);
  const [posix, syscalls] = await Promise.all([loadPosix(), loadSyscalls()]);
  if (posix === undefined || syscalls === undefined) {
    throw new CommandError(
      "refused",
      "a keeper needs Linux, and koffi beside @heirloom/node-runtime: start the service without heirloom run, or see heirloom doctor",
    );
  }
  // As it was given, so that a link in it is followed anew by each generation.
  const program = findProgram(command, process.env.PWD ?? process.cwd());
  const script = command.slice(1).find((argument) => !argument.startsWith("-"));
  const service = name ?? defaultServiceName(script === undefined ? command[0] : resolve(script));
  const root = folder === undefined ? controlRoot() : resolve(folder);
  mkdirSync(join(root, ".."), { recursive: true });
  openPrivateFolder(root);
  openPrivateFolder(join(root, service));
  const keeper = new Keeper(posix, syscalls, {
    program,
    socket: join(root, service, "keeper.sock"),
    crashesMax,
    runs: async () => (await presenceOf(join(root, service, currentName))) === "answers",
    log: (line) => void process.stderr.write(`heirloom: keeper (pid ${process.pid}): ${line}\n`),
  });
  return keeper.run();
}
