import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Target } from "./client.js";

const secured: ConnectionOptions = {
  ciphers: "PSK-AES128-GCM-SHA256",
  maxVersion: "TLSv1.2",
  pskCallback: () => ({ identity: "test", psk: Buffer.from("a key for tests only") }),
  checkServerIdentity: () => undefined,
};

/** The generation that answers one HTTPS request on a connection of its own. */
export function askHttps(target: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = "/whoami";
    requestHttps({ ...(target as object), ...secured, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve(JSON.parse(body).generation));
    })
      .on("error", reject)
      .end();
  });
}

/** The HTTP/2 servers of the fixture, and whether they are secure. */
export const http2Servers = [
  ["http2", false],
  ["http2s", true],
] as const;

/** `carrier`: a connection that is open already, for a secure session. */
export function openHttp2(
  target: { host: string; port: number },
  secure: boolean,
  carrier?: Socket,
): ClientHttp2Session {
  const { host, port } = target;
  if (!secure) return connectHttp2(`http://${host}:${port}`);
  const createConnection = () =>
    connectTls({ host, port, ...(carrier && { socket: carrier }), ...secured, ALPNProtocols: ["h2"] });
  return connectHttp2(`https://${host}:${port}`, { createConnection });
}

/** The generation that answers one stream of a session. */
export function askHttp2(session: ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": "/whoami" });
    let body = "";
    session.once("error", reject);
    stream.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    stream.on("error", reject);
    stream.on("end", () => resolve(JSON.parse(body).generation));
    stream.end();
  });
}
