#!/usr/bin/env node
import { CommanderError } from "commander";
import { CommandError, exitStatus } from "./exit-status.js";
import { createProgram } from "./program.js";

// Whoever reads has seen enough, as `head` has: not a failure of this command.
process.stdout.on("error", () => process.exit(exitStatus.done));

process.on("SIGINT", () => {
  process.stderr.write("\nheirloom: not waiting any longer; what was begun goes on\n");
  process.exit(exitStatus.interrupted);
});

try {
  await createProgram((status) => {
    process.exitCode = status;
  }).parseAsync();
  // Conversations that are still open are not waited for.
  process.exit();
} catch (error) {
  if (error instanceof CommandError) {
    process.stderr.write(`heirloom: ${error.message}\n`);
    process.exit(error.status);
  }
  // Commander has written what is wrong, or the help that was asked for.
  if (error instanceof CommanderError)
    process.exit(error.exitCode === 0 ? exitStatus.done : exitStatus.usage);
  throw error;
}
