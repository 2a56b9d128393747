#!/usr/bin/env node
import { CommanderError } from "commander";
import { CommandError, exitStatus } from "./exit-status.js";
import { interruption } from "./interruption.js";
import { createProgram } from "./program.js";

// Whoever reads may have seen enough, as `head` has: what was asked for goes on, and the status tells what came of it.
process.stdout.on("error", () => {});

process.on("SIGINT", () => {
  process.stderr.write(`\nheirloom: not waiting any longer; ${interruption.leaves}\n`);
  process.exit(exitStatus.interrupted);
});

const status = await carryOut();
await taken(process.stdout);
// Conversations that are still open are not waited for.
process.exit(status);

/** Does what the command line says. Resolves with the exit status. */
async function carryOut(): Promise<number> {
  let status: number = exitStatus.done;
  try {
    await createProgram((told) => {
      status = told;
    }).parseAsync();
    return status;
  } catch (error) {
    if (error instanceof CommandError) {
      // Not sooner: a stream of its own would change the standard error that a service has, too.
      process.stderr.on("error", () => {});
      await taken(process.stderr, `heirloom: ${error.message}\n`);
      return error.status;
    }
    // Commander has written what is wrong, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
    throw error;
  }
}

/** Resolves when a stream has taken this, and everything before: an exit would cut off what a slow reader has not taken. */
function taken(stream: NodeJS.WriteStream, text = ""): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()));
}
