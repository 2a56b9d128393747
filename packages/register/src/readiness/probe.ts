import { createServer, Server, Socket } from "node:net";

/** As it is before the preload replaces it: the port of a probe is none of the program's. */
const nativeListen = Server.prototype.listen;

const probeEveryMs = 100;
const answerWithinMs = 2_000;

/**
 * Asks a server of this process for a page until it answers 200. A request to its port would be answered by the parent,
 * which has the same socket and accepts on it: so the server gets a connection that nobody else could have.
 */
export async function probeUntilHealthy(server: Server, url: URL): Promise<void> {
  while ((await probe(server, url)) !== 200) await new Promise((again) => setTimeout(again, probeEveryMs));
}

/** The status of one answer; undefined where there is none in time. */
async function probe(server: Server, url: URL): Promise<number | undefined> {
  const secure = url.protocol === "https:";
  const { request } = process.getBuiltinModule(secure ? "node:https" : "node:http");
  const { near, far } = await connectedPair();
  server.emit("connection", far);
  try {
    return await new Promise((resolve, reject) => {
      const socket = secure
        ? // The certificate is for those who come from outside.
          process.getBuiltinModule("node:tls").connect({ socket: near, rejectUnauthorized: false })
        : near;
      const asked = request(url, { createConnection: () => socket }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      asked.setTimeout(answerWithinMs, () => asked.destroy(new Error("no answer in time")));
      asked.on("error", reject).end();
    });
  } catch {
    return undefined;
  } finally {
    near.destroy();
  }
}

/** Two ends of one connection, over a port that takes no other. */
async function connectedPair(): Promise<{ near: Socket; far: Socket }> {
  const door = createServer();
  try {
    return await new Promise((resolve, reject) => {
      const near = new Socket();
      near.on("error", reject);
      door.on("error", reject);
      door.on("connection", (far) => {
        if (far.remotePort !== near.localPort || far.remoteAddress !== near.localAddress) far.destroy();
        else resolve({ near, far });
      });
      nativeListen.call(door, { port: 0, host: "127.0.0.1" }, () => {
        near.connect((door.address() as { port: number }).port, "127.0.0.1");
      });
    });
  } finally {
    door.close();
  }
}
