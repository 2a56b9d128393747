import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "./misbehaving-server.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Runs the built command; when the test ends it ends too, and with it every process of the service. */
function start(
  ...args: string[]
): ChildProcess & { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  });
  return child;
}

async function run(...args: string[]) {
  const child = start(...args);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await once(child, "close");
  const [stdout, stderr] = await output;
  return { status, stdout, stderr };
}

/** Starts the service on a free port; `line` resolves with the next line of output that matches. */
async function launch() {
  const child = start("--port", "0");
  child.stderr.resume();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<string[]> => {
    while (true) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the output ended before ${pattern}`);
      const match = pattern.exec(value);
      if (match) return match;
    }
  };
  const [, pid = ""] = await line(/^Generation 1 serves, pid (\d+)$/);
  const [, url = ""] = await line(/Open {8}(\S+)/);
  await line(/Ctrl-C/);
  return { child, line, pid: Number(pid), url, closed: once(child, "close") };
}

async function whoami(url: string): Promise<{ pid: number; generation: number }> {
  const response = await fetch(`${url}whoami`, { headers: { connection: "close" } });
  return (await response.json()) as { pid: number; generation: number };
}

it("--help shows the options", async () => {
  const { status, stdout } = await run("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("--restarts <number>");
});

it("a command line that makes no sense ends with status 2 and says what to write instead", async () => {
  expect(await run("--lod")).toEqual({
    status: 2,
    stdout: "",
    stderr: "demo: unknown option --lod: --help lists all options\n",
  });
});

it("a port in use ends with status 1 and says what to do", async () => {
  const { port } = await listen(() => {});
  expect(await run("--port", String(port))).toEqual({
    status: 1,
    stdout: "",
    stderr: `demo: port ${port} on 127.0.0.1 is in use: end the program that listens there, or choose another with --port\n`,
  });
});

it("SIGHUP to the service, and to the launcher, starts the next generation; SIGTERM ends it all in order", async () => {
  const { child, line, pid, url, closed } = await launch();
  expect(await whoami(url)).toMatchObject({ pid, generation: 1 });

  process.kill(pid, "SIGHUP");
  const [, second] = await line(/^Generation 2 serves, pid (\d+)$/);
  expect(await whoami(url)).toMatchObject({ pid: Number(second), generation: 2 });

  child.kill("SIGHUP");
  const [, third] = await line(/^Generation 3 serves, pid (\d+)$/);
  expect(await whoami(url)).toMatchObject({ pid: Number(third), generation: 3 });

  child.kill("SIGTERM");
  child.kill("SIGINT"); // the same wish twice in a moment is one wish
  expect(await closed).toEqual([0, null]);
  await expect(whoami(url)).rejects.toThrow();
});

it("a request in flight is finished before the service ends", async () => {
  const { child, line, url, closed } = await launch();
  const slow = fetch(`${url}slow?ms=1000`).then((response) => response.json());
  await whoami(url); // the slow one was sent first, so the service has it by now
  child.kill("SIGTERM");
  await line(/^Ending/);
  expect(await slow).toMatchObject({ waitedMs: 1000, generation: 1 });
  expect(await closed).toEqual([0, null]);
});

it("the service does not outlive a launcher that is killed", async () => {
  const { child, line, pid, url, closed } = await launch();
  process.kill(pid, "SIGHUP");
  await line(/^Generation 2 serves/);
  child.kill("SIGKILL");
  // The output closes when the last process that holds it is gone: the launcher and every generation.
  expect(await closed).toEqual([null, "SIGKILL"]);
  await expect(whoami(url)).rejects.toThrow();
});

it("under load, two restarts fail no request and leave a report", async () => {
  const { status, stdout, stderr } = await run("--load", "--restarts", "2", "--json");
  const report = JSON.parse(stdout);
  expect(report.samples).toEqual([]);
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({
    ok: true,
    interrupted: false,
    failed: 0,
    restarts: { asked: 2, done: 2, failed: [], outcomes: { committed: 2, aborted: 0, rolledBack: 0 } },
  });
  for (const name of [
    "newConnections",
    "slowResponses",
    "slowUploads",
    "keptAlive",
    "idle",
    "webSockets",
    "restarter",
  ]) {
    expect(report.clients[name].requests, name).toBeGreaterThan(0);
  }
  const { idle, webSockets } = report.clients;
  expect(idle.connections.clients).toBeGreaterThan(0);
  expect(idle.connections.survived).toBe(idle.connections.clients);
  expect(webSockets.connections).toMatchObject({ clients: 20, survived: 20, opened: 20 });
  expect(webSockets.messages).toEqual({ sent: webSockets.requests * 3, lost: 0, doubled: 0 });
  expect(stderr).toMatch(/^restart 2 of 2: generation 3 answered after \d+ ms/m);
  expect(status).toBe(0);
});

it("a load that is interrupted still ends everything and reports", async () => {
  const child = start("--load", "--restarts", "1000");
  child.stderr.resume();
  const closed = once(child, "close");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith("restart 1 of")) child.kill("SIGINT");
  }
  expect(lines.at(-1)).toMatch(
    /^OK: 0 of \d+ requests failed, \d+ of 1000 restarts done, [\d.]+ s, interrupted$/,
  );
  // Every client and every generation has the same standard error: it closes when the last of them is gone.
  expect(await closed).toEqual([130, null]);
});
