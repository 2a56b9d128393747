import { nowMs } from "./clock.js";
import { Connection, type RequestWriter, type Target } from "./connection.js";
import { type FailureClass, RequestFailure } from "./failure.js";
import type { Response } from "./response-reader.js";

export interface Request {
  write: RequestWriter;
  deadlineMs: number;
  /** @throws RequestFailure wrongStatus or wrongBody */
  check(response: Response): void;
  /** Time that the client spends or asks for on purpose: no part of the latency. */
  deliberateMs(): number;
}

/** How one request ended: without `failure` it was answered completely and correctly. */
export interface RequestRecord {
  endedAtMs: number;
  latencyMs: number;
  failure?: { failureClass: FailureClass; message: string };
}

/** Makes the request and says how it ended; everything but a RequestFailure is this program's own bug, and thrown. */
export function record(request: Request, exchange: () => Promise<Response>): Promise<RequestRecord> {
  return recordAttempt(
    async () => request.check(await exchange()),
    () => request.deliberateMs(),
  );
}

/** The same for what is no HTTP request. */
export async function recordAttempt(
  attempt: () => Promise<void>,
  deliberateMs = () => 0,
): Promise<RequestRecord> {
  const startedAtMs = nowMs();
  const ended = () => {
    const endedAtMs = nowMs();
    return { endedAtMs, latencyMs: Math.max(0, endedAtMs - startedAtMs - deliberateMs()) };
  };
  try {
    await attempt();
    return ended();
  } catch (failure) {
    if (!(failure instanceof RequestFailure)) throw failure;
    return { ...ended(), failure: { failureClass: failure.failureClass, message: failure.message } };
  }
}

/** Makes one request on a connection of its own. */
export async function recordOnNewConnection(target: Target, request: Request): Promise<RequestRecord> {
  let connection: Connection | undefined;
  try {
    return await record(request, async () => {
      connection = await Connection.open(target, request.deadlineMs);
      return connection.exchange(request.write, request.deadlineMs);
    });
  } finally {
    connection?.close();
  }
}

let requests = 0;

/** An id that no other request of this load has. */
export function newRequestId(): string {
  requests += 1;
  return `${process.pid}-${requests}`;
}

/** The bytes of a request's head, up to and including the empty line. */
export function requestHead(
  target: Target,
  line: { method: "GET" | "POST"; path: string },
  headers: Record<string, string>,
): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const lines = Object.entries({ host: `${host}:${target.port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${[`${line.method} ${line.path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`;
}

/**
 * The answer as JSON, if its status is 200 and it is the answer to the request with this id.
 * @throws RequestFailure wrongStatus or wrongBody
 */
export function checkedJson(response: Response, requestId: string): Record<string, unknown> {
  if (response.status !== 200) {
    const text = response.body.toString("utf8", 0, 80);
    throw new RequestFailure("wrongStatus", `status ${response.status}: ${JSON.stringify(text)}`);
  }
  const echoed = response.headers.get("x-request-id");
  if (echoed !== requestId) {
    throw new RequestFailure(
      "wrongBody",
      `the answer to request ${echoed ?? "(no id)"}, asked was ${requestId}`,
    );
  }
  const text = response.body.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, for everything that is not an object.
  }
  throw new RequestFailure("wrongBody", `not a JSON object: ${JSON.stringify(text.slice(0, 80))}`);
}
