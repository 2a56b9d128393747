import type { FailedEvent } from "./events.js";

/** Why the service did not start, and what to do about it. */
export function failureText(failure: FailedEvent | undefined, at: { host: string; port: number }): string {
  switch (failure?.code) {
    case "EADDRINUSE":
      return `port ${at.port} on ${at.host} is in use: end the program that listens there, or choose another with --port`;
    case "EACCES":
      return `port ${at.port} needs more rights than this user has: choose one above 1023 with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${at.host} is no address of this machine: leave --host out, or try --host 127.0.0.1`;
    default:
      return failure ? `the service did not start: ${failure.message}` : "the service ended before it served";
  }
}
