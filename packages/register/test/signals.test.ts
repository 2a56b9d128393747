import { expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { answers, get } from "./support/load.js";
import { freePort, Program } from "./support/program.js";

const program = (port: number, more = "") => `
import { createServer } from "node:http";
const say = (what) => console.log(process.pid + " " + what);
const server = createServer((request, response) => response.end(String(process.pid)));
server.listen(${port}, "127.0.0.1", () => say("listens"));
process.on("exit", (status) => say("exit " + status));
${more}
`;

async function start(more = "", env: Record<string, string> = {}) {
  const port = await freePort();
  const started = Program.start(program(port, more), { env });
  await started.says("listens");
  return { port, started };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends a program that knows nothing of it, once it is finished",
  async (signal) => {
    const { started } = await start();
    await started.restart();
    started.signal(signal);
    await started.gone();
    await started.says(`${started.pid} exit 0`);
  },
);

test("SIGTERM is the program's own, if it handles it: it may go on serving for as long as it likes", async () => {
  const { port, started } = await start(`
process.on("SIGTERM", () => { say("takes leave"); });
process.on("SIGUSR2", () => server.close(() => process.exit(7)));
`);
  await started.restart();
  started.signal("SIGTERM");
  await started.says(`${started.pid} takes leave`);
  expect(await get({ port })).toBe(String(started.pid));
  started.signal("SIGUSR2");
  await started.gone();
  await started.says(`${started.pid} exit 7`);
});

test("a program that closes everything on SIGTERM, and does not exit, ends by itself", async () => {
  const { started } = await start(`process.on("SIGTERM", () => server.close());`);
  await started.restart();
  started.signal("SIGTERM");
  await started.gone();
  await started.says(`${started.pid} exit 0`);
});

test("a generation that has handed over waits for handlers that return promises", async () => {
  const { started } = await start(`
process.on("SIGTERM", async () => {
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => setTimeout(resolve, 200));
  say("has closed its database");
});
`);
  const { pid } = started;
  await started.restart();
  await started.says(`${pid} has closed its database\n${pid} exit 0`);
});

test("a generation that has handed over waits for other handlers as long as HEIRLOOM_EXIT_DEADLINE_MS", async () => {
  const { started } = await start(
    `process.on("SIGTERM", () => { say("goes on"); setTimeout(() => process.exit(), 1000); });`,
    {
      HEIRLOOM_EXIT_DEADLINE_MS: "500",
    },
  );
  const { pid } = started;
  await started.restart();
  await started.says(`${pid} goes on\n${pid} exit 0`);
});

test("HEIRLOOM_END_SIGNAL=none: a generation that has handed over runs no handlers", async () => {
  const { started } = await start(`process.on("SIGTERM", () => { say("handler"); process.exit(); });`, {
    HEIRLOOM_END_SIGNAL: "none",
  });
  await started.restart();
  expect(started.output).not.toContain("handler");
});

test("HEIRLOOM_SIGNAL=SIGUSR2 leaves SIGHUP to the program", async () => {
  const { started } = await start(`process.on("SIGHUP", () => say("reloads"));`, {
    HEIRLOOM_SIGNAL: "SIGUSR2",
  });
  await started.restart("SIGUSR2");
  started.signal("SIGHUP");
  await started.says(`${started.pid} reloads`);
});

test("a library that ends the process when nobody else handles the signal is nobody else", async () => {
  // What the package signal-exit does.
  const { started } = await start(`
const last = () => {
  if (process.listeners("SIGTERM").length !== 1) return;
  process.removeListener("SIGTERM", last);
  say("was the last one");
  process.kill(process.pid, "SIGTERM");
};
process.on("SIGTERM", last);
`);
  started.signal("SIGTERM");
  await started.gone();
  await started.says(`${started.pid} was the last one`);
});

test("INV-5: SIGTERM in the middle of a handoff ends the service, and runs the program's handlers at its end", async () => {
  const { started } = await start(`process.on("SIGTERM", () => { say("handler"); process.exit(); });`, {
    HEIRLOOM_PROBATION_MS: "3000",
  });
  const { pid } = started;
  started.signal("SIGHUP");
  const child = await eventually("a child serves", () =>
    started.processes.find((process) => process !== pid && started.output.includes(`${process} listens`)),
  );
  started.signal("SIGTERM", pid);
  await started.gone();
  await started.says(`${pid} handler\n`);
  expect(started.output.match(new RegExp(`${pid} handler`, "g"))).toHaveLength(1);
  expect(child).toBeGreaterThan(0);
});

test("INV-6: a release that throws changes nothing", async () => {
  const { port, started } = await start();
  started.deploy(program(port, `throw new Error("no such database");`));
  expect(await started.failToRestart()).toContain("exited with status 1 before it was owner");
  expect(await get({ port })).toBe(String(started.pid));
  expect(started.log).toContain("no such database");
});

test("a program that listens on nothing is left as it is", async () => {
  const started = Program.start(`
setInterval(() => {}, 1000);
console.log("runs");
`);
  await started.says("runs");
  started.signal("SIGHUP");
  await started.gone();
  expect(await started.firstStatus()).toBe("SIGHUP");
});

test("what a program starts, threads and processes, is no service of its own", async () => {
  const { port, started } = await start(`
import { Worker } from "node:worker_threads";
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
new Worker("require('node:http').createServer().listen(0)", { eval: true }).unref();
server.once("listening", () => {
  writeFileSync("helper.cjs", "const s = require('node:http').createServer().listen(0, () => { console.log('helper ' + process.listenerCount('SIGHUP')); s.close(); process.disconnect(); })");
  fork("./helper.cjs");
});
`);
  await started.says("helper 0");
  await started.restart();
  expect(await get({ port })).toBe(String(started.pid));
});

// Red when only a program that listens already is known to be served.
test("what a program forks before it listens is no service of its own", async () => {
  const port = await freePort();
  const started = Program.start(`
import { createServer } from "node:http";
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
writeFileSync("helper.cjs", "require('node:child_process').fork('./helpers.cjs'); process.on('disconnect', process.exit)");
writeFileSync("helpers.cjs", "require('node:http').createServer().listen(0, () => console.log('helper ' + process.listenerCount('SIGHUP'))); process.on('disconnect', process.exit)");
fork("./helper.cjs");
setTimeout(() => createServer((q, r) => r.end(String(process.pid))).listen(${port}, "127.0.0.1"), 500);
`);
  await started.says("helper 0");
  await answers(async () => void (await get({ port })));
  await started.restart();
  expect(await get({ port })).toBe(String(started.pid));
});

test("the workers of node:cluster are served by their primary, which is left as it is", async () => {
  const port = await freePort();
  const started = Program.start(`
import cluster from "node:cluster";
import { createServer } from "node:http";
if (cluster.isPrimary) {
  cluster.fork();
  process.on("SIGTERM", () => { for (const worker of Object.values(cluster.workers)) worker.kill(); process.exit(); });
} else createServer((q, r) => r.end("worker")).listen(${port}, "127.0.0.1", () => console.log("listens " + process.listenerCount("SIGHUP")));
`);
  await started.says("listens 0");
  expect(await get({ port })).toBe("worker");
});
