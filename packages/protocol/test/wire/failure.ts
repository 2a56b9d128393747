import { HandoffError } from "../../src/error.js";

/** The HandoffError that `call` throws, undefined where it throws nothing; any other error goes through. */
export function failureOf(call: () => unknown): HandoffError | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof HandoffError) return error;
    throw error;
  }
  return undefined;
}
