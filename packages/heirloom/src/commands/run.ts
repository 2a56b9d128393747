import { fstatSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { controlRoot, currentName, defaultServiceName, faultOfControl } from "@heirloom/node-runtime/control";
import {
  firstActivatedDescriptor,
  givenDirectory,
  loadPosix,
  loadSyscalls,
  logToStderr,
  openPrivateFolder,
  presenceOf,
  takeActivated,
} from "@heirloom/node-runtime/keeper";
import { keeperSocketName } from "../client/service.js";
import { configName, isCrashes, readConfig } from "../config.js";
import { CommandError } from "../exit-status.js";
import type { Activated } from "../keeper/custody.js";
import { Keeper } from "../keeper/keeper.js";
import { findProgram } from "../keeper/starter.js";

export interface RunOptions {
  /** The file that says what the line does not. */
  readonly config?: string;
  readonly name?: string;
  readonly folder?: string;
  readonly crashes?: string;
  /** Whether the program knows nothing of Heirloom. */
  readonly register?: boolean;
}

const crashesMaxDefault = 8;
/** Of the 107 bytes that a socket's path may have, those that the longest name in the folder leaves. */
const folderBytesMax = 107 - "/.keeper-4194304.sock".length;

/** Runs a service under a process that stays, and ends with the service's exit status. */
export async function run(line: readonly string[], options: RunOptions): Promise<number> {
  const config = readConfig(options.config);
  const command = line.length > 0 ? line : config.command;
  if (command === undefined) {
    throw new CommandError(
      "usage",
      `which service? Say heirloom run -- node server.js, or give it as "command" in ${options.config ?? configName}`,
    );
  }
  const { name, folder, register = false } = { ...config, ...options };
  const crashesMax =
    options.crashes === undefined ? (config.crashes ?? crashesMaxDefault) : numberOf(options.crashes);
  if (!isCrashes(crashesMax))
    throw new CommandError("usage", `--crashes ${options.crashes} is not a whole number from 0 to 1000`);
  const fault = name === undefined ? undefined : faultOfControl({ name });
  if (fault !== undefined) throw new CommandError("usage", fault.replace("control.name", "--name"));
  const [posix, syscalls] = await Promise.all([loadPosix(), loadSyscalls()]);
  if (posix === undefined || syscalls === undefined) {
    throw new CommandError(
      "refused",
      "a keeper needs Linux, and koffi beside @heirloom/node-runtime: start the service without heirloom run, or see heirloom doctor",
    );
  }
  // Out of the environment first: they are for the generation that gets the sockets, and for no other.
  const activated = takeSockets();
  // As it was given, so that a link in it is followed anew by each generation.
  const found = findProgram(command, givenDirectory(process.env.PWD, process.cwd()));
  const env: NodeJS.ProcessEnv = { ...process.env, ...config.env };
  // Where this command is started by a program that is served itself.
  delete env.HEIRLOOM_SERVED_BY;
  const program = { ...found, env: register ? registered(env) : env };
  const script = command.slice(1).find((argument) => !argument.startsWith("-"));
  const service = name ?? defaultServiceName(script === undefined ? command[0] : resolve(script));
  const sockets = openFolder(folder === undefined ? controlRoot() : resolve(folder), service);
  const keeper = new Keeper(posix, syscalls, {
    program,
    socket: join(sockets, keeperSocketName),
    crashesMax,
    activated,
    runs: async () => (await presenceOf(join(sockets, currentName))) === "answers",
    log: (line) => logToStderr(`keeper (pid ${process.pid}): ${line}`),
  });
  return keeper.run();
}

/** NaN for what is no whole number, such as the empty text. */
function numberOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/**
 * Makes the folder of a service's sockets.
 * @throws CommandError where it cannot be made, or is not one for sockets
 */
function openFolder(root: string, service: string): string {
  const folder = join(root, service);
  if (Buffer.byteLength(folder) > folderBytesMax)
    throw new CommandError(
      "refused",
      `the path ${folder} is longer than the ${folderBytesMax} bytes that leave room for a socket: choose a shorter one with --folder`,
    );
  try {
    mkdirSync(dirname(root), { recursive: true });
    openPrivateFolder(root);
    openPrivateFolder(folder);
  } catch (error) {
    throw new CommandError(
      "refused",
      (error as Error).message.replace("the option control.folder", "--folder"),
    );
  }
  return folder;
}

const preload = "@heirloom/register";

/**
 * With the preload that makes a program a generation: its own one, looked for in each release anew, or else this command's. It takes
 * the option out again, since a program that the service starts in another folder would not find it there.
 */
function registered(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const option = `--import=${preloadFor(process.cwd())}`;
  return { ...env, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ""} ${option}`.trim(), HEIRLOOM_PRELOAD: option };
}

function preloadFor(cwd: string): string {
  try {
    createRequire(join(cwd, "program.js")).resolve(preload);
    return preload;
  } catch {
    return import.meta.resolve("@heirloom/register");
  }
}

/** Sockets that an init system passed to this process: for the service, which learns of them as if they were passed to it. */
function takeSockets(): Activated {
  const { LISTEN_FDS: count = "", LISTEN_FDNAMES: names } = process.env;
  const found = takeActivated();
  if (found.length === 0) return { sockets: [], variables: {} };
  const named = names?.split(":");
  // What came twice is closed by now, and its number soon somebody else's.
  const kept = Array.from({ length: Number(count) }, (_, index) => index).filter((index) =>
    isOpen(firstActivatedDescriptor + index),
  );
  return {
    sockets: kept.map((index) => firstActivatedDescriptor + index),
    variables: {
      LISTEN_FDS: String(kept.length),
      LISTEN_PID: String(process.pid),
      ...(named && { LISTEN_FDNAMES: kept.map((index) => named[index] ?? "").join(":") }),
    },
  };
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}
