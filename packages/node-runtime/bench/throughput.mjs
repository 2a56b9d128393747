// Requests per second with the runtime around a server, against the same server without it.
// Usage: node throughput.mjs [rounds]. Rounds alternate, so that both see the same noise; prints
// medians and their ratio.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { freePort, median } from "./support.mjs";

const rounds = Number(process.argv[2] ?? 10);
const roundMs = 1_000;
const connections = 20;
const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

async function start(name) {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url)), port],
    { stdio: "inherit" },
  );
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (up) return { port, child };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Answers counted over one round, on connections that ask again as soon as they are answered. */
async function load({ port }, forMs) {
  let answers = 0;
  const sockets = Array.from({ length: connections }, () => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", () => {
      answers += 1;
      socket.write(request);
    });
    return socket;
  });
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const perSecond = answers / ((performance.now() - begun) / 1_000);
  for (const socket of sockets) socket.destroy();
  return perSecond;
}

/** A process of its own for each round: some run at half the speed of others all their life, whatever they are. */
async function measure(name) {
  const server = await start(name);
  await load(server, roundMs / 2);
  const perSecond = await load(server, roundMs);
  server.child.kill();
  return perSecond;
}

const counts = { bare: [], served: [] };
for (let round = 0; round < rounds; round += 1) {
  const order = round % 2 === 0 ? ["bare", "served"] : ["served", "bare"];
  for (const name of order) counts[name].push(await measure(name));
}

console.log(`bare node:http: median ${Math.round(median(counts.bare))} requests/s`);
console.log(`with the runtime: median ${Math.round(median(counts.served))} requests/s`);
console.log(
  `ratio ${(median(counts.served) / median(counts.bare)).toFixed(3)} (${rounds} rounds, Node ${process.version})`,
);
