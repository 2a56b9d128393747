import type { ListenOptions as NodeListenOptions } from "node:net";
import { resolve } from "node:path";
import type { ListenOptions } from "@heirloom/node-runtime";

/** What a program asked `server.listen()` for, in whichever of its many forms. */
export interface ListenRequest {
  /** What the listener is called: derived from the address as it was asked for, so that each generation derives the same. */
  readonly name: string;
  /** Absent where only a descriptor was given. */
  readonly options: Omit<ListenOptions, "name"> | undefined;
  readonly backlog: number | undefined;
  readonly fd: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly callback: (() => void) | undefined;
}

type Given = NodeListenOptions & { readonly fd?: unknown };

/**
 * Reads the arguments as Node does. Undefined: a handle, or nothing that Node would accept; it is to be left to Node.
 * @see https://nodejs.org/api/net.html#serverlisten
 */
export function readArguments(args: readonly unknown[]): ListenRequest | undefined {
  const [first, second, third] = args;
  const last = args.at(-1);
  const callback = typeof last === "function" ? (last as () => void) : undefined;
  const given: Given =
    typeof first === "object" && first !== null
      ? (first as Given)
      : isPath(first)
        ? { path: first }
        : { port: first as number, ...(typeof second === "string" && { host: second }) };
  const backlog = whole(given.backlog) || whole(second) || whole(third) || undefined;
  const common = { backlog, callback, signal: given.signal };
  if (typeof given.fd === "number" && given.fd >= 0) {
    return { ...common, name: `fd:${given.fd}`, options: undefined, fd: given.fd };
  }
  const port = portOf(given, args.length === 0 || typeof first === "function");
  if (port !== undefined) {
    const { host, ipv6Only } = given;
    if (host !== undefined && typeof host !== "string") return undefined;
    const options = {
      port,
      ...(host && { host }),
      ...(ipv6Only && { ipv6Only }),
      ...(backlog !== undefined && { backlog }),
    };
    return { ...common, name: nameOf(tcpName(host, port)), options, fd: undefined };
  }
  if (!isPath(given.path)) return undefined;
  const path = given.path.startsWith("\0") ? given.path : resolve(given.path);
  const mode = modeOf(given);
  const options = {
    path,
    ...(mode !== undefined && { mode }),
    ...(backlog !== undefined && { backlog }),
  };
  return { ...common, name: nameOf(`unix:${path.replace("\0", "@")}`), options, fd: undefined };
}

/** Whether a name is that of a listener on any port: what clients know of it they know from the program. */
export function isAnyPort(name: string): boolean {
  return /^tcp:.*:0(#\d+)?$/.test(name);
}

function tcpName(host: string | undefined, port: number): string {
  if (!host) return `tcp:*:${port}`;
  return host.includes(":") ? `tcp:[${host}]:${port}` : `tcp:${host}:${port}`;
}

const nameBytesMax = 64;
/** Room for a `#2` behind the name. */
const nameBytes = nameBytesMax - 4;

/** Long paths and host names keep their end, and a hash of the whole. */
function nameOf(address: string): string {
  const bytes = Buffer.from(address);
  if (bytes.length <= nameBytes) return address;
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const end = bytes
    .subarray(bytes.length - 40)
    .toString()
    .replaceAll("\uFFFD", "");
  return `${address.slice(0, address.indexOf(":"))}:${hash.toString(16).padStart(8, "0")}:${end}`;
}

function portOf(given: Given, omitted: boolean): number | undefined {
  const port: unknown = given.port;
  // Undefined is one that is given: programs read it from their environment.
  if (omitted || port === null || (port === undefined && "port" in given)) return 0;
  if (typeof port === "string" ? port.trim() === "" : typeof port !== "number") return undefined;
  const number = Number(port);
  return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : undefined;
}

function isPath(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !(Number(value) >= 0);
}

function whole(value: unknown): number {
  const number = typeof value === "function" || typeof value === "object" ? 0 : Number(value);
  return Number.isInteger(number) && number > 0 ? number : 0;
}

/** Node adds these bits to what the umask leaves. */
function modeOf({ readableAll, writableAll }: Given): number | undefined {
  if (!readableAll && !writableAll) return undefined;
  return (0o777 & ~process.umask()) | (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0);
}
