import { receiveSignalsOnce } from "./npm-signals.mjs";

/** The expected way for a step to fail: what to print is in the message, and a stack would tell nothing more. */
export class StepFailed extends Error {}

/** Runs an entry's main function: its number becomes the exit status, and a StepFailed is printed plainly. */
export async function enter(main) {
  receiveSignalsOnce();
  try {
    const status = await main();
    if (status) process.exitCode = status;
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
