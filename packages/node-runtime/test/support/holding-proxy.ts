import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A network between a client and a service that can be told to hold back what the service says. */
export async function holdingProxy(target: { host: string; port: number }) {
  const sockets = new Set<Socket>();
  let held: (() => void)[] | undefined;
  let heard: (() => void) | undefined;
  let spoken: (() => void) | undefined;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ ...target, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("data", (bytes) => {
      upstream.write(bytes);
      spoken?.();
    });
    client.on("end", () => upstream.end());
    const pass = (step: () => void) => {
      if (held === undefined) step();
      else held.push(step);
      heard?.();
    };
    upstream.on("data", (bytes) => pass(() => client.write(bytes)));
    upstream.on("end", () => pass(() => client.end()));
    upstream.on("close", () => pass(() => client.destroySoon()));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    target: { host: "127.0.0.1", port: (server.address() as { port: number }).port },
    /** Holds back from here on. */
    hold() {
      held = [];
    },
    /** Resolves when something is held back. */
    holds(): Promise<void> {
      return new Promise((resolve) => {
        heard = () => {
          if (held !== undefined && held.length > 0) resolve();
        };
        heard();
      });
    },
    /** Resolves when the client says something from here on, which is passed on. */
    clientSpeaks(): Promise<void> {
      return new Promise((resolve) => {
        spoken = resolve;
      });
    },
    release() {
      const steps = held ?? [];
      held = undefined;
      for (const step of steps) step();
    },
  };
}
