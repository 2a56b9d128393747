import { type ControlCode, type ControlRequest, controlVersion } from "./message.js";

const commands = ["status", "watch", "restart", "stop"];

/** Why a request is not carried out. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: ControlCode;

  constructor(code: ControlCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws RequestError */
export function parseRequest(line: string): ControlRequest {
  const request = parseObject(line);
  const { version = controlVersion, command, atLeast, askedAt, queue } = request;
  if (typeof version !== "number") throw invalid("version must be a number");
  if (version > controlVersion) {
    throw new RequestError(
      "VERSION_UNSUPPORTED",
      `this process speaks version ${controlVersion} of the control protocol, and the request is of version ${version}: ask in version ${controlVersion}`,
    );
  }
  if (typeof command !== "string") throw invalid(`command is missing: give one of ${commands.join(", ")}`);
  if (!commands.includes(command)) {
    const shown = JSON.stringify(command.slice(0, 64));
    throw new RequestError(
      "COMMAND_UNKNOWN",
      `there is no command ${shown}: give one of ${commands.join(", ")}`,
    );
  }
  if (atLeast !== undefined && !(Number.isSafeInteger(atLeast) && (atLeast as number) >= 1))
    throw invalid("atLeast must be the number of a generation");
  if (askedAt !== undefined && !Number.isFinite(askedAt))
    throw invalid("askedAt must be milliseconds on the monotonic clock");
  if (queue !== undefined && typeof queue !== "boolean") throw invalid("queue must be true or false");
  return request as unknown as ControlRequest;
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw invalid('it is not JSON: send one object in one line, such as {"command":"status"}');
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid('it is not an object: send one such as {"command":"status"}');
}

function invalid(what: string): RequestError {
  return new RequestError("REQUEST_INVALID", `the request makes no sense: ${what}`);
}
