import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Connection, currentResponse, withoutResponses } from "../node-internals.js";
import { isEncrypted } from "./encrypted.js";
import { idleConnections } from "./http-idle.js";

/** Of which a client asks for nothing but an answer (RFC 9110, 9.2.1). */
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

interface Asked {
  readonly response: ServerResponse;
  /** As the client wrote it: programs change a request's `url` as they pass it on. */
  readonly line: string;
}

/** Requests that another process could answer in the place of this one: safe, without content, and not one byte of an answer written. */
export class UnansweredRequests {
  /** The last request of each connection, if it is one of these. */
  readonly #asked = new WeakMap<Socket, Asked>();
  /** Those of this turn of the event loop: if the process ends in it, one of them may be the reason. */
  readonly #fresh = new Set<ServerResponse>();
  #looksAhead = false;
  readonly #note = (request: IncomingMessage, response: ServerResponse) => this.#add(request, response);

  /** Begins to note requests. */
  watch(server: Server): void {
    server.prependListener("request", this.#note);
  }

  unwatch(server: Server): void {
    server.removeListener("request", this.#note);
  }

  /** The head of the request that is open on each of these connections, as the next reader is to see it. */
  heads(server: Server, connections: Iterable<Connection>): Map<Socket, Uint8Array> {
    const open = [...connections].filter((connection) => this.#isUnanswered(connection));
    const heads = new Map<Socket, Uint8Array>();
    if (open.length === 0) return heads;
    // Nor may there be a byte of a further request.
    const whole = withoutResponses(open, () => idleConnections(server, open));
    for (const socket of open) {
      const asked = this.#asked.get(socket);
      if (asked !== undefined && whole.has(socket)) heads.set(socket, headOf(asked));
    }
    return heads;
  }

  #add({ method = "", url, httpVersion, headers, socket }: IncomingMessage, response: ServerResponse): void {
    const hasContent = "transfer-encoding" in headers || Number(headers["content-length"] ?? 0) !== 0;
    if (!safeMethods.has(method) || hasContent || "expect" in headers) {
      this.#asked.delete(socket);
      return;
    }
    this.#asked.set(socket, { response, line: `${method} ${url} HTTP/${httpVersion}` });
    this.#fresh.add(response);
    if (this.#looksAhead) return;
    this.#looksAhead = true;
    setImmediate(() => {
      this.#looksAhead = false;
      this.#fresh.clear();
    });
  }

  #isUnanswered(connection: Connection): connection is Socket {
    const response = currentResponse(connection);
    if (response === undefined) return false;
    const socket = connection as Socket;
    return (
      this.#asked.get(socket)?.response === response &&
      !response.headersSent &&
      !this.#fresh.has(response) &&
      !isEncrypted(socket) &&
      !socket.destroyed &&
      socket.readable &&
      socket.writable &&
      socket.writableLength === 0
    );
  }
}

function headOf({ response, line }: Asked): Uint8Array {
  const { rawHeaders } = response.req;
  const fields: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) fields.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return Buffer.from(`${[line, ...fields].join("\r\n")}\r\n\r\n`, "latin1");
}
