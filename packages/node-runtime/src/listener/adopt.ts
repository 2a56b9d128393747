import { isIPv4, type Server } from "node:net";
import { HandoffError, type Listener } from "@heirloom/protocol";
import { isAnyIPv6, isIPv6Literal, sameHost } from "./address.js";
import { absolutePath } from "./bind.js";
import { HeldListener } from "./held-listener.js";
import { contradiction, difference, isBoundTo } from "./kernel.js";
import type { ListenRequest } from "./options.js";

/**
 * Takes over an offered listener after checking it against the kernel.
 * @throws HandoffError LISTENER_MISMATCH
 */
export function adopt(server: Server, request: ListenRequest, offered: Listener): HeldListener {
  const { descriptor, custody, address, inode } = offered;
  const mismatch = (message: string, cause?: unknown) =>
    new HandoffError("LISTENER_MISMATCH", { message: `listener ${offered.name} ${message}`, cause });
  let wrong: string | undefined;
  try {
    wrong = contradiction(descriptor, address, inode) ?? difference(descriptor, custody);
  } catch (error) {
    throw mismatch(
      `cannot be checked: ${(error as Error).message}; is /proc mounted, and a descriptor free?`,
      error,
    );
  }
  if (wrong !== undefined) throw mismatch(`was not handed over as offered: ${wrong}`);
  return new HeldListener({
    request,
    address,
    disposition: "inherited",
    server,
    spare: descriptor,
    custody,
    offered,
    keepsPath: address.kind === "unix" && isBoundTo(descriptor, address.path),
  });
}

export function descriptorsOf({ descriptor, custody }: Listener): number[] {
  return custody === undefined ? [descriptor] : [descriptor, custody];
}

/**
 * The offered listener that the configuration asks for: by its name where that has this address, and else by its address
 * alone, unless it asks for any port. Undefined: one is to be created.
 */
export function find(
  offered: ReadonlyMap<string, Listener>,
  request: ListenRequest,
  hosts: readonly string[],
): Listener | undefined {
  const named = offered.get(request.name);
  if (named !== undefined && answers(named, request, hosts)) return named;
  if (request.port === 0) return undefined;
  return [...offered.values()].find((listener) => answers(listener, request, hosts));
}

function answers({ address }: Listener, request: ListenRequest, hosts: readonly string[]): boolean {
  if (request.path !== undefined)
    return address.kind === "unix" && address.path === absolutePath(request.path);
  if (address.kind !== "tcp") return false;
  // Port 0 asks for any port: the inherited one is any port, and clients know it by now.
  if (request.port !== 0 && request.port !== address.port) return false;
  if (isAnyIPv6(address.host) && (request.ipv6Only ?? false) !== (address.ipv6Only ?? false)) return false;
  return hosts.some((host) => sameHost(host, address.host));
}

/** The addresses that a configured host may stand for; undefined for a name, which `lookUp` knows. */
export function literalHosts({ host }: ListenRequest): readonly string[] | undefined {
  // node:net takes the first where the system has IPv6, and the second elsewhere.
  if (host === undefined) return ["::", "0.0.0.0"];
  return isIPv4(host) || isIPv6Literal(host) ? [host] : undefined;
}

export async function lookUp({ host = "" }: ListenRequest): Promise<readonly string[]> {
  const { lookup } = process.getBuiltinModule("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
