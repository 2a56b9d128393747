// How fast idle connections move to the next generation, and how long each of them waits, against node:child_process.
// Usage: node moves.mjs [connections] [rounds]. Rounds alternate, so that all see the same noise; medians are printed.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort, median } from "./support.mjs";

const count = Number(process.argv[2] ?? 5_000);
const rounds = Number(process.argv[3] ?? 3);

/** Starts a fixture. `line()` resolves to the next line that any of its generations writes. */
function start(name, ...args) {
  const script = fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value };
}

async function open(port) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
    });
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

async function heirloom(slowStart) {
  const port = await freePort();
  const { line } = start("moving", port, slowStart);
  const first = JSON.parse(await line());
  const sockets = await open(port);
  process.kill(first.pid, "SIGHUP");
  const said = [JSON.parse(await line()), JSON.parse(await line())];
  const { pid } = said.find((each) => each.pid !== undefined);
  const report = said.find((each) => each.moved !== undefined);
  for (const socket of sockets) socket.destroy();
  process.kill(pid, "SIGTERM");
  return report;
}

async function ipc() {
  const port = await freePort();
  const { line } = start("ipc-parent", port, count);
  await line();
  const sockets = await open(port);
  const report = JSON.parse(await line());
  for (const socket of sockets) socket.destroy();
  return report;
}

const kinds = {
  "node:child_process, 64 at once": ipc,
  "heirloom, slow start": () => heirloom("on"),
  "heirloom, at once": () => heirloom("off"),
};
const reports = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, run] of Object.entries(kinds)) reports[name].push(await run());
}
const rate = (all) => median(all.map(({ moved, tookMs }) => moved / (tookMs / 1_000)));
const [baseline] = Object.values(reports);
for (const [name, all] of Object.entries(reports)) {
  const pauses = all.flatMap(({ pausesMs = [] }) => pausesMs).sort((a, b) => a - b);
  const at = (share) => pauses[Math.min(pauses.length - 1, Math.floor(pauses.length * share))]?.toFixed(1);
  const waits =
    pauses.length > 0 ? `; a batch waits ${at(0.5)} ms (median), ${at(0.95)} (p95), ${at(1)} (longest)` : "";
  const ratio = (rate(all) / rate(baseline)).toFixed(1);
  console.log(`${name}: ${all[0].moved} connections, ${Math.round(rate(all))} a second, ${ratio}x${waits}`);
}
console.log(`${rounds} rounds, Node ${process.version}`);
