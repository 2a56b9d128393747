/** How a request can fail: each failed request is counted under exactly one of these. */
export const FAILURE_CLASSES = [
  "refused",
  "reset",
  "truncated",
  "wrongBody",
  "wrongStatus",
  "deadlineExpired",
  "keptAliveClosed",
  "other",
] as const;

/**
 * - `refused`: nobody listened on the port.
 * - `reset`: a new connection was reset or closed before the first byte of its answer.
 * - `truncated`: it ended after the first byte of an answer and before the last.
 * - `wrongBody`: the answer is complete and is not the answer to this request, or is not HTTP.
 * - `wrongStatus`: the status is not 200.
 * - `deadlineExpired`: no complete answer in time.
 * - `keptAliveClosed`: a connection that had answered before ended under a request, before the first byte of its answer.
 * - `other`: the client itself failed (no free port, no descriptor left).
 */
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** One failed request. The message says what was seen, for the report's samples. */
export class RequestFailure extends Error {
  override readonly name = "RequestFailure";

  constructor(
    readonly failureClass: FailureClass,
    message: string,
  ) {
    super(message);
  }
}
