import type { Target } from "./connection.js";
import { RequestFailure } from "./failure.js";
import { checkedJson, newRequestId, type Request, requestHead } from "./request.js";
import type { Response } from "./response-reader.js";

const DEADLINE_MS = 10_000;

export interface WhoAmI {
  pid: number;
  generation: number;
  uptimeMs: number;
}

/** `GET /whoami`; `onAnswer` is called with each answer that has the right shape. */
export function whoamiRequest(
  target: Target,
  connection: "close" | "keep-alive",
  onAnswer: (answer: WhoAmI) => unknown = () => {},
): Request {
  const id = newRequestId();
  const head = requestHead(target, { method: "GET", path: "/whoami" }, { "x-request-id": id, connection });
  return {
    deadlineMs: DEADLINE_MS,
    write: (write) => write(head),
    check: (response) => void onAnswer(checkedWhoAmI(response, id)),
    deliberateMs: () => 0,
  };
}

function checkedWhoAmI(response: Response, requestId: string): WhoAmI {
  const answer = checkedJson(response, requestId);
  const { pid, generation, uptimeMs } = answer;
  if (Object.keys(answer).length !== 3 || !isCount(pid) || !isCount(generation) || !isCount(uptimeMs)) {
    throw new RequestFailure("wrongBody", `not an answer of /whoami: ${JSON.stringify(answer).slice(0, 80)}`);
  }
  return { pid, generation, uptimeMs };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
