import { closeSync } from "node:fs";
import { createServer, type ListenOptions as NodeListenOptions, type Server } from "node:net";
import { resolve } from "node:path";
import { type Address, HandoffError, type Listener } from "@heirloom/protocol";
import { descriptorOf, netServer } from "../node-internals.js";
import { loadSyscalls } from "../syscalls.js";
import { formatAddress, isAnyIPv6 } from "./address.js";
import { HeldListener } from "./held-listener.js";
import type { ListenRequest } from "./options.js";
import { publish, temporaryPath } from "./unix-path.js";

/**
 * Binds a listener that nobody handed over. The socket listens, so that clients can wait in its queue; it is accepted
 * on only when this generation is owner. Where descriptors cannot be duplicated it accepts at once.
 * `unclaimed`: what was handed to this generation, and nobody has asked for.
 * @throws HandoffError LISTENER_BIND_FAILED
 */
export async function bind(
  server: Server,
  request: ListenRequest,
  unclaimed: readonly Listener[],
): Promise<HeldListener> {
  const syscalls = await loadSyscalls();
  const path = request.path === undefined ? undefined : absolutePath(request.path);
  const temporary = path === undefined || path.startsWith("\0") ? path : temporaryPath(path);
  const binder = syscalls === undefined ? server : createServer();
  let custody: number | undefined;
  try {
    custody = await new Promise<number | undefined>((done, failed) => {
      binder.once("error", failed);
      binder.once("listening", () => {
        binder.removeListener("error", failed);
        const descriptor = descriptorOf(binder);
        // Before anything else gets its turn, so that nothing is accepted that nobody would answer.
        try {
          done(descriptor === undefined ? undefined : syscalls?.duplicate(descriptor));
        } catch (error) {
          failed(error);
        }
      });
      netServer.listen.call(binder, listenOptions(request, temporary));
    });
    const address = path === undefined ? tcpAddress(binder, request) : { kind: "unix" as const, path };
    if (path !== undefined && temporary !== undefined && temporary !== path) {
      await publish(temporary, path, request.mode);
    }
    if (binder !== server) binder.close();
    return new HeldListener({ request, address, disposition: "created", server, custody });
  } catch (error) {
    binder.close();
    if (custody !== undefined) closeSync(custody);
    throw bindError(request, unclaimed, error);
  }
}

/** Paths are compared and passed on as absolute ones; an abstract name is one already. */
export function absolutePath(path: string): string {
  return path.startsWith("\0") ? path : resolve(path);
}

function listenOptions(
  { port, host, ipv6Only, backlog }: ListenRequest,
  path: string | undefined,
): NodeListenOptions {
  if (path !== undefined) return { path, backlog };
  return {
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(ipv6Only !== undefined && { ipv6Only }),
    backlog,
  };
}

function tcpAddress(server: Server, { ipv6Only }: ListenRequest): Address {
  const bound = server.address();
  if (bound === null || typeof bound === "string")
    throw new Error("the system does not tell the bound address");
  const { address: host, port } = bound;
  return { kind: "tcp", host, port, ...(ipv6Only && isAnyIPv6(host) && { ipv6Only }) };
}

/** Says what to do about it, unless that was said already. */
export function bindError(
  request: ListenRequest,
  unclaimed: readonly Listener[],
  error: unknown,
): HandoffError {
  if (error instanceof HandoffError) return error;
  const cause = error as NodeJS.ErrnoException;
  const { name, host = "*", port, path } = request;
  const code = cause.code ?? cause.message;
  const inTheWay = unclaimed.find(({ address }) => address.kind === "tcp" && address.port === port);
  const remedies: Record<string, string> = {
    EADDRINUSE: `${
      inTheWay
        ? `this service was handed a socket on ${formatAddress(inTheWay.address)}, and does not listen there; say the same address in both places`
        : "another socket has this address; stop its owner or use another one"
    } (a listener that was handed over keeps its address: to widen or narrow it, restart the service once)`,
    EACCES: "this user may not use it; take a port above 1023, or a folder that this user may write",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "the host name is unknown",
    EAI_AGAIN:
      "the host name cannot be looked up now; give an address where a restart is not to depend on that",
    ENOENT: "the folder does not exist",
    EMFILE: "this process has no free descriptors: raise its limit of open files (ulimit -n)",
  };
  return new HandoffError("LISTENER_BIND_FAILED", {
    message: `listener ${name} cannot be bound to ${path ?? `${host}:${port}`} (${code}): ${remedies[code] ?? "see the cause"}`,
    cause,
  });
}
