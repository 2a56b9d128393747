// What a restart does to the latency that clients see: each measure on and off, at a load that leaves the machine some air.
// Usage: node latency.mjs [restarts]. Prints percentiles of steady state and of the second around each restart, for each way.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./support.mjs";

const restarts = Number(process.argv[2] ?? 6);
const clients = 100;
const thinkMsMax = 100;
/** How long after its first answer a new generation counts as just started. */
const freshMs = 1_000;
const steadyMs = 2_500;
const path = "/items?q=1";
const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;

const folder = mkdtempSync(join(tmpdir(), "heirloom-latency-"));
const rehearse = [{ path, times: 300 }];
const ways = [
  ["connections closed", { connections: "close" }],
  ["connections moved at once", { slowStart: false }],
  ["slow start", {}],
  ["slow start, rehearsal", { rehearse }],
  ["slow start, compile cache", { compileCache: folder }],
  ["slow start, rehearsal, compile cache", { rehearse, compileCache: folder }],
];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One client that keeps its connection, thinks, and asks again; one that is closed connects again. */
function client(port, answered) {
  let socket;
  let begun = 0;
  let timer;
  let over = false;
  const ask = () => {
    begun = performance.now();
    if (socket === undefined) {
      socket = connect(port, "127.0.0.1");
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk) => {
        text += chunk;
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
        if (text.length < end + 4 + length) return;
        answered(begun, performance.now(), Number(/x-pid: (\d+)/i.exec(text)?.[1]));
        if (/connection: close/i.test(text)) {
          socket.destroy();
          socket = undefined;
        }
        text = "";
        if (!over) timer = setTimeout(ask, Math.random() * thinkMsMax);
      });
      socket.on("error", (error) => {
        throw error;
      });
    }
    socket.write(request);
  };
  timer = setTimeout(ask, Math.random() * thinkMsMax);
  return () => {
    over = true;
    clearTimeout(timer);
    socket?.destroy();
  };
}

async function up(port) {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const is = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (is) return;
    await pause(10);
  }
}

async function measure(options) {
  const port = await freePort();
  const program = fileURLToPath(new URL("fixtures/paced.mjs", import.meta.url));
  const first = spawn(process.execPath, [program, port, JSON.stringify(options)], { stdio: "inherit" });
  await up(port);
  const seen = { steady: [], restart: [] };
  let into;
  // The last one is the owner: while it moves connections here its parent goes on answering the others.
  const pids = [first.pid];
  let changed = () => {};
  const stop = Array.from({ length: clients }, () =>
    client(port, (begun, ended, by) => {
      into?.push(ended - begun);
      if (pids.includes(by)) return;
      pids.push(by);
      changed();
    }),
  );
  await pause(steadyMs);
  for (let restart = 0; restart < restarts; restart += 1) {
    into = seen.steady;
    await pause(steadyMs);
    into = seen.restart;
    const changes = new Promise((resolve) => {
      changed = resolve;
    });
    process.kill(pids.at(-1), "SIGHUP");
    await changes;
    await pause(freshMs);
    into = undefined;
    await pause(freshMs);
  }
  for (const end of stop) end();
  process.kill(pids.at(-1), "SIGTERM");
  return seen;
}

function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

const ms = (value) => value.toFixed(1).padStart(7);
console.log(
  `${clients} kept-alive clients, 0 to ${thinkMsMax} ms of thought, ${restarts} restarts, Node ${process.version}; milliseconds`,
);
console.log(
  "                                        steady p50    p99 | restart p50    p99    max | p99 ratio",
);
for (const [name, options] of ways) {
  const { steady, restart } = await measure(options);
  const ratio = percentile(restart, 0.99) / percentile(steady, 0.99);
  console.log(
    `${name.padEnd(43)}${ms(percentile(steady, 0.5))}${ms(percentile(steady, 0.99))} |    ${ms(percentile(restart, 0.5))}${ms(percentile(restart, 0.99))}${ms(Math.max(...restart))} | ${ratio.toFixed(1)}`,
  );
}
rmSync(folder, { recursive: true, force: true });
