import type { Agent, IncomingMessage } from "node:http";
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { HandoffError, limits } from "@heirloom/protocol";

/** One request that a child sends to itself. */
export interface RehearsalRequest {
  /** The listener whose server answers it: one of `node:http` or `node:https`. Default: "default". */
  readonly listener?: string;
  /** Path and query, from the slash on. */
  readonly path: string;
  /** Default: "GET". */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How often, one after the other: 1 to 10,000. Default: 1. */
  readonly times?: number;
}

/** What a child does with its own code before it says ready: a function, or requests through its own servers. */
export type Rehearsal = (() => unknown) | readonly RehearsalRequest[];

const timesMax = 10_000;
const failedFrom = 500;

/** What is wrong with a rehearsal; undefined where nothing is. */
export function faultOfRehearsal(rehearsal: unknown): string | undefined {
  if (rehearsal === undefined || typeof rehearsal === "function") return undefined;
  if (!Array.isArray(rehearsal)) return "rehearse must be a function or a list of requests";
  for (const [index, request] of rehearsal.entries()) {
    const { path, times = 1 } = (request ?? {}) as Partial<RehearsalRequest>;
    if (typeof path !== "string" || !path.startsWith("/")) {
      return `rehearse[${index}].path must be a string that begins with a slash`;
    }
    if (!Number.isInteger(times) || times < 1 || times > timesMax) {
      return `rehearse[${index}].times must be a whole number from 1 to ${timesMax}`;
    }
  }
  return undefined;
}

/**
 * Runs a rehearsal. Requests travel over connections of this process to itself: nobody else can use them, and the
 * service's own listeners have no part in it.
 * @throws HandoffError HOOK_FAILED where the function throws, or a request gets no answer, or one of status 500 or above
 */
export async function rehearse(
  rehearsal: Rehearsal,
  serverOf: (listener: string) => Server | undefined,
): Promise<void> {
  try {
    if (typeof rehearsal === "function") await rehearsal();
    else for (const request of rehearsal) await send(request, serverOf(request.listener ?? "default"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the rehearsal failed (${why}): this release could not serve; see the cause`;
    throw new HandoffError("HOOK_FAILED", { message: message.slice(0, limits.messageBytesMax), cause });
  }
}

async function send(request: RehearsalRequest, server: Server | undefined): Promise<void> {
  const { listener = "default", method = "GET", path, times = 1 } = request;
  const agent = agentOf(server, listener);
  try {
    for (let time = 0; time < times; time += 1) {
      const status = await statusOf(request, agent);
      if (status >= failedFrom) throw new Error(`${method} ${path} was answered with ${status}`);
    }
  } finally {
    agent.destroy();
  }
}

function statusOf({ path, method, headers, body }: RehearsalRequest, agent: Agent): Promise<number> {
  const { request } = process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: "localhost", path, method, headers }, (answer: IncomingMessage) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? failedFrom));
      answer.once("error", reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** Keeps one connection to a server, which does not listen, and makes another when the server has closed it. */
function agentOf(server: Server | undefined, listener: string): Agent {
  const http = process.getBuiltinModule("node:http");
  const https = process.getBuiltinModule("node:https");
  const isSecure = server instanceof https.Server;
  if (server === undefined) throw new Error(`there is no listener ${listener}`);
  if (!isSecure && !(server instanceof http.Server)) {
    throw new Error(`the server of listener ${listener} is none of node:http or node:https: use a function`);
  }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const connect = async (): Promise<Socket> => {
    const [ours, theirs] = await socketPair();
    server.emit("connection", theirs);
    if (!isSecure) return ours;
    // The certificate is this service's own, and is for a name that clients use.
    return process.getBuiltinModule("node:tls").connect({ socket: ours, rejectUnauthorized: false });
  };
  type Created = (error: Error | null, socket?: Socket) => void;
  const custom = agent as unknown as { createConnection(options: object, created: Created): void };
  custom.createConnection = (_, created) => {
    connect().then(
      (socket) => created(null, socket),
      (error: Error) => created(error),
    );
  };
  return agent;
}

/** Two connected sockets, such as a client and a server have. Whoever else connects meanwhile is turned away. */
async function socketPair(): Promise<[Socket, Socket]> {
  const gate = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      gate.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    const { port } = gate.address() as { port: number };
    const ours = tcpConnect(port, "127.0.0.1");
    const connected = new Promise<void>((resolve, reject) => {
      ours.once("error", reject).once("connect", resolve);
    });
    const theirs = await new Promise<Socket>((resolve, reject) => {
      gate.on("connection", (socket: Socket) => {
        connected.then(() => {
          if (socket.remotePort === ours.localPort) resolve(socket);
          else socket.destroy();
        }, reject);
      });
      connected.catch(reject);
    });
    return [ours, theirs];
  } finally {
    gate.close();
  }
}
