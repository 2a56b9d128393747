import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import type { Target } from "./client.js";

export interface SessionOutcome {
  /** Whether the server took up the session that the client brought along. */
  readonly resumed: boolean;
  /** What the client may bring along next time. */
  readonly session: Buffer;
  readonly generation: number;
}

/** One request on a connection of its own, as a client that keeps its TLS session for the next one. */
export function askWithSession(
  target: Target,
  version: SecureVersion,
  session?: Buffer,
): Promise<SessionOutcome> {
  return new Promise((resolve, reject) => {
    let latest: Buffer | undefined;
    let answer = "";
    const socket: TLSSocket = connect({
      ...target,
      minVersion: version,
      maxVersion: version,
      rejectUnauthorized: false,
      ...(session && { session }),
    });
    // TLS 1.3 hands its tickets out after the handshake, often more than one.
    socket.on("session", (given: Buffer) => {
      latest = given;
    });
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      socket.write("GET /whoami HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    });
    socket.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });
    socket.once("end", () => {
      const body = answer.slice(answer.indexOf("\r\n\r\n")).match(/\{.*\}/)?.[0];
      const kept = latest ?? socket.getSession();
      if (body === undefined || kept === undefined) reject(new Error(`no answer or no session: ${answer}`));
      else
        resolve({
          resumed: socket.isSessionReused(),
          session: kept,
          generation: JSON.parse(body).generation,
        });
    });
  });
}
