import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { accepted, outliving } from "../src/kernel/socket.js";
import { now } from "../src/now.js";
import { type Present, seeEnds } from "../src/run/fault.js";
import { Watch } from "../src/run/watch.js";

// Red where `outliving` goes by the client's port alone.
it("a new connection on the port of one that ended has not outlived anybody", async () => {
  const served: Socket[] = [];
  const server = createServer((socket) => {
    served.push(socket.on("error", () => {}));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of served) socket.destroy();
    server.close();
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listening = { ports: new Set([port]), folder: "/nowhere" };
  const open = async (localPort?: number): Promise<Socket> => {
    const client = connect({ port, host: "127.0.0.1", ...(localPort !== undefined && { localPort }) });
    await Promise.all([once(client, "connect"), once(server, "connection")]);
    return client.on("error", () => {});
  };

  const client = await open();
  const { localPort } = client;
  const had = accepted(listening)(process.pid);
  expect([...had.ports.keys()]).toEqual([localPort]);
  expect(outliving(had, listening)).toEqual(had);

  const closed = new Promise((resolve) => client.once("close", resolve));
  served[0]?.resetAndDestroy();
  await closed;
  const next = await open(localPort);
  expect(accepted(listening)(process.pid).ports.has(localPort as number)).toBe(true);
  expect(outliving(had, listening).ports.size).toBe(0);
  next.destroy();
});

// Red where `seeEnds` asks the kernel alone. A program that keeps its parent's connections stands in for one that is not
// executed yet: that it has them is seen for microseconds, or, on a busy machine, for milliseconds.
it("what a child has before it boots has not outlived its parent", async () => {
  const program = `
    const { spawn } = require("node:child_process");
    const server = require("node:net").createServer((socket) => {
      const copied = ["ignore", "ignore", "ignore", socket._handle.fd];
      const { pid } = spawn("sleep", ["60"], { stdio: copied, detached: true });
      console.log(pid);
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const parent = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = parent.pid as number;
  const said = async () => Number((await once(parent.stdout, "data"))[0]);
  const port = await said();
  const child = said();
  const client = connect({ port, host: "127.0.0.1" }).on("error", () => {});
  const childPid = await child;
  const watch = new Watch();
  onTestFinished(() => {
    watch.stop();
    client.destroy();
    parent.kill("SIGKILL");
    process.kill(childPid, "SIGKILL");
  });
  const listening = { ports: new Set([port]), folder: "/nowhere" };
  const look = { accepted: accepted(listening)(pid), stoppedAt: now() };
  expect(look.accepted.ports.size).toBe(1);
  parent.kill("SIGKILL");

  const present = { pid, role: "parent" as const, struck: true, ...look };
  const seen = [present, { ...present }] as [Present, Present];
  await seeEnds({ listening, watch }, [seen[0]]);
  watch.take({ type: "boot", at: now(), pid: childPid, ppid: pid });
  await seeEnds({ listening, watch }, [seen[1]]);
  expect(seen.map(({ outlived }) => outlived?.ports.size)).toEqual([0, 1]);
});
