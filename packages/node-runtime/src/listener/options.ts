import { HandoffError, limits } from "@heirloom/protocol";

/** Where to listen: a TCP port, or the path of a Unix-domain socket. */
export interface ListenOptions {
  /**
   * What every generation calls this listener: 1 to 64 bytes of UTF-8, unique in a generation.
   * Default: "default".
   */
  readonly name?: string;
  /** TCP port, 0 to 65,535; 0 takes a free one once, and every later generation inherits it. */
  readonly port?: number;
  /** Host name or literal address. Default: every address of this machine, as in node:net. */
  readonly host?: string;
  /** Absolute or relative path of a Unix-domain socket, or an abstract name: a NUL character and up to 106 bytes. */
  readonly path?: string;
  /** Whether `::` refuses IPv4; it decides nothing with another host. Default: false. */
  readonly ipv6Only?: boolean;
  /** Connections that may wait to be accepted; the system caps it. Default: 511, as in node:net. */
  readonly backlog?: number;
  /** Permission bits of a Unix-domain socket's path, such as 0o660. Default: as the process's umask leaves them. */
  readonly mode?: number;
}

export interface ListenRequest extends ListenOptions {
  readonly name: string;
  readonly backlog: number;
}

const names = new Set(["name", "port", "host", "path", "ipv6Only", "backlog", "mode"]);
const bytes = (text: string) => Buffer.byteLength(text);

/** @throws HandoffError LISTENER_INVALID */
export function checkListenOptions(options: ListenOptions): ListenRequest {
  const { name = "default", port, host, path, ipv6Only, backlog = 511, mode } = options;
  const invalid = (what: string): never => {
    throw new HandoffError("LISTENER_INVALID", { message: `listener ${JSON.stringify(name)}: ${what}` });
  };
  const unknown = Object.keys(options).find((key) => !names.has(key));
  if (unknown !== undefined) {
    invalid(
      `there is no option ${unknown} of a listener: use one of ${[...names].join(", ")}; options of the generation, such as drainDeadlineMs, are the argument of joinGeneration() and the third one of serve()`,
    );
  }
  if (typeof name !== "string" || name === "" || bytes(name) > limits.nameBytesMax) {
    invalid(`the name must be a string of 1 to ${limits.nameBytesMax} bytes`);
  }
  if ((port === undefined) === (path === undefined)) invalid("give either a port or a path");
  if (port !== undefined && !isWhole(port, 0, 65_535))
    invalid(`port ${port} is not a whole number from 0 to 65535`);
  if (host !== undefined && (typeof host !== "string" || host === ""))
    invalid("the host must be a name or an address");
  if (path !== undefined && (typeof path !== "string" || path === "" || path === "\0"))
    invalid("the path is empty");
  if (path !== undefined && bytes(path) > limits.pathBytesMax) {
    invalid(
      `the path is ${bytes(path)} bytes long, and the system takes ${limits.pathBytesMax}: use a shorter one`,
    );
  }
  if (!isWhole(backlog, 1, 2 ** 31 - 1)) invalid(`backlog ${backlog} is not a whole number of at least 1`);
  if (mode !== undefined && !isWhole(mode, 0, 0o777)) invalid("the mode must be from 0 to 0o777");
  if (path === undefined && mode !== undefined) invalid("a mode belongs to a path");
  if (path !== undefined && (host !== undefined || ipv6Only !== undefined)) invalid("a path has no host");
  return { ...options, name, backlog };
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
