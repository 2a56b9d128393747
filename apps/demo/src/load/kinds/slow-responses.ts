import type { Target } from "../connection.js";
import { RequestFailure } from "../failure.js";
import { checkedJson, newRequestId, type Request, recordOnNewConnection, requestHead } from "../request.js";
import type { Kind } from "./kind.js";

const SLOW_MS = 2_000;

/** Answers that take 2 seconds: most of them are in flight when a restart comes. */
export const slowResponses: Kind = {
  name: "slowResponses",
  clients: 10,
  thinkMs: { min: 0, max: 200 },
  newClient: (target) => ({
    request: () => recordOnNewConnection(target, slowRequest(target, SLOW_MS)),
  }),
};

export function slowRequest(target: Target, ms: number, deadlineMs = ms + 10_000): Request {
  const id = newRequestId();
  const head = requestHead(target, { method: "GET", path: `/slow?ms=${ms}` }, { "x-request-id": id });
  return {
    deadlineMs,
    write: (write) => write(head),
    check: (response) => {
      const { waitedMs } = checkedJson(response, id);
      if (waitedMs !== ms) throw new RequestFailure("wrongBody", `waitedMs is ${waitedMs}, asked was ${ms}`);
    },
    deliberateMs: () => ms,
  };
}
