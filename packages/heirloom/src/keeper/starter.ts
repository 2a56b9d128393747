import { closeSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  channelDescriptor,
  encodeOffer,
  keeperVariable,
  letterBoxVariable,
  lifelineVariable,
  offerVariable,
  type Posix,
  supportedVersions,
} from "@heirloom/node-runtime/keeper";
import { CommandError } from "../exit-status.js";
import type { Custody } from "./custody.js";

/** What the keeper was told to run. */
export interface Program {
  /** The path of its executable. */
  readonly file: string;
  /** With the program's name as the first. */
  readonly argv: readonly string[];
  /** As it was given: a symbolic link in it is followed anew by each generation. */
  readonly cwd: string;
  /** Of the process that stays, and what its program needs besides. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
}

/** A generation that was started, and the keeper's end of its lifeline. */
export interface Started {
  readonly pid: number;
  readonly lifeline: number;
  /** The keeper's end of the letter box, of a generation that nobody's listeners are handed to. */
  readonly letterBox?: number;
}

/**
 * Starts a generation that nobody hands over to: the first one, or one after a crash, which gets the offer of a parent that is
 * dead. That is a case of the protocol: the child takes over.
 * @throws Error with the system's error name as `code`
 */
export function start(
  posix: Posix,
  { file, argv, cwd, env: given }: Program,
  socket: string,
  custody: Custody,
  generation: number,
): Started {
  const [lifeline, theirs] = posix.socketPair();
  const kept = [lifeline];
  const opened = [theirs];
  try {
    const { deposit } = custody;
    const descriptors: number[] = [];
    const env: NodeJS.ProcessEnv = { ...given, PWD: cwd, [keeperVariable]: `${process.pid}:${socket}` };
    if (deposit !== undefined) {
      const [parents, childs] = posix.socketPair();
      opened.push(childs);
      closeSync(parents);
      // The lifeline stands where a parent that lives puts the second channel, between the first one and the listeners.
      descriptors.push(childs, theirs, ...custody.descriptors);
      env[offerVariable] = encodeOffer({
        type: "offer",
        protocol: supportedVersions,
        generation,
        parent: { pid: deposit.pid },
        channel: channelDescriptor,
        listeners: [...deposit.listeners],
        deadlines: { commitMs: 1 },
        features: [],
      });
    } else {
      const { sockets, variables } = custody.activated;
      const [ours, box] = posix.socketPair();
      kept.push(ours);
      opened.push(box);
      // What an init system passed on starts at number 3, by its own rules.
      descriptors.push(...sockets, theirs, box);
      Object.assign(env, variables, {
        [letterBoxVariable]: String(channelDescriptor + descriptors.indexOf(box)),
      });
    }
    env[lifelineVariable] = String(channelDescriptor + descriptors.indexOf(theirs));
    const pid = posix.spawn({ file, argv, env, cwd, descriptors });
    const [, letterBox] = kept;
    return { pid, lifeline, ...(letterBox !== undefined && { letterBox }) };
  } catch (error) {
    for (const descriptor of kept) closeSync(descriptor);
    throw error;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** @throws CommandError where there is no such program */
export function findProgram(
  [name = "", ...args]: readonly string[],
  cwd: string,
): Pick<Program, "file" | "argv" | "cwd"> {
  const argv = [name, ...args];
  // The Node that runs this command is the one that a service is to have, too.
  if (name === "node") return { file: process.execPath, argv, cwd };
  if (name.includes("/")) return { file: name, argv, cwd };
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined)
    throw new CommandError("usage", `there is no program ${name} in the folders of PATH`);
  return { file: found, argv, cwd };
}

function isExecutable(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFile() && (found.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}
