/**
 * The service that is struck, one generation of it, on the public API alone: HTTP, HTTP over TLS, HTTP on a Unix-domain
 * socket. Every answer names the request, the process and the generation that gave it.
 */
import { channel } from "node:diagnostics_channel";
import { openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import type { Generation } from "@heirloom/node-runtime";
import { now } from "../now.js";
import { DEADLINES } from "./deadlines.js";
import {
  APP_CHANNEL,
  type AppStep,
  FOLDER_VARIABLE,
  PID_FILE,
  RELEASE_VARIABLE,
  RUNTIME_VARIABLE,
  SPARE_RELEASE,
} from "./order.js";
import { say } from "./say.js";
import { TLS_KEY, TLS_OPTIONS } from "./tls.js";

const folder = process.env[FOLDER_VARIABLE] ?? ".";
const runtime: typeof import("@heirloom/node-runtime") = await import(
  process.env[RUNTIME_VARIABLE] ?? "@heirloom/node-runtime"
);
let pauses = 0;
const STATE_BYTES = 200_000;
/** More than the kernel takes for a client that does not read. */
const PADDING_BYTES = 6_000_000;
/** What makes an answer long. A child that comes to nothing does without. */
let padding: Buffer | undefined;
const release = process.env[RELEASE_VARIABLE] ?? "?";
const appSteps = channel(APP_CHANNEL);
/** Every request that this process answered, for the ledger: written before the answer, so that none is missing. */
const served = openSync(join(folder, `served-${process.pid}`), "a");

const generation = await runtime.joinGeneration({
  ...DEADLINES,
  pidFile: join(folder, PID_FILE),
  // An own name of the executable, so that it can go missing.
  spawn: { execPath: join(folder, "node") },
});

const { number } = generation;
let atWork = false;
/** Stands for a scheduler, say: two at once would do everything twice. */
const work = (works: boolean) => {
  atWork = works;
  say({ type: "work", at: now(), pid: process.pid, generation: number, works });
};
// It has stopped only once this is over: who does not wait for it finds it at work.
generation.onRetire(async () => {
  await published("retiring");
  await new Promise(setImmediate);
  work(false);
});
generation.onResume(() => work(true));
generation.onExit(() => say({ type: "exit", at: now(), pid: process.pid, generation: number }));

/** The generation whose state this one has: as much of it as does not fit into one piece. */
let stateFrom: number | undefined;
/** Whether some of it was given out while its generation was at work, and could still change it. */
let stateEarly = false;
generation.carry(
  "lineage",
  runtime.asJson({
    export: async () => {
      const early = atWork;
      await published("exporting");
      return { generation: number, early, padding: "heirloom".repeat(STATE_BYTES / 8) };
    },
    import: async ({ generation: from, early, padding }) => {
      await published("importing");
      stateEarly ||= early;
      if (padding.length === STATE_BYTES) stateFrom = from;
    },
  }),
);

const plain = createServer(answer);
const secure = createTlsServer({ ...TLS_OPTIONS, pskCallback: () => TLS_KEY }, answer);
const local = createServer(answer);
for (const server of [plain, secure, local]) server.keepAliveTimeout = 60_000;

await published("adopting");
const ports = await Promise.all([
  generation.listen(plain, { name: "http", host: "127.0.0.1", port: 0 }),
  generation.listen(secure, { name: "tls", host: "127.0.0.1", port: 0 }),
  generation.listen(local, { name: "local", path: join(folder, "service.sock") }),
  // Nobody asks it. The next release does without, and one that is switched back has it again.
  ...(release === SPARE_RELEASE
    ? [generation.listen(createServer(answer), { name: "spare", host: "127.0.0.1", port: 0 })]
    : []),
]);
await published("adopted");
say({
  type: "listening",
  at: now(),
  pid: process.pid,
  generation: number,
  port: portOf(ports[0]),
  tlsPort: portOf(ports[1]),
});
await generation.ready();
work(true);
say({ type: "owner", at: now(), pid: process.pid, generation: number });

async function published(step: string): Promise<void> {
  const message: AppStep = { generation: number, step };
  appSteps.publish(message);
  await message.hold;
}

function portOf({ address }: Awaited<ReturnType<Generation["listen"]>>): number {
  return address.kind === "tcp" ? address.port : 0;
}

/** How many timers keep the loop busy, as Node itself counts them. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

/** Waits on behalf of a request, and is no timer of the runtime's. */
function later(then: () => void, ms: number): void {
  pauses += 1;
  setTimeout(() => {
    pauses -= 1;
    then();
  }, ms);
}

function filler(): Buffer {
  padding ??= Buffer.alloc(PADDING_BYTES, " ");
  return padding;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://victim");
  const delayMs = Number(url.searchParams.get("ms") ?? 0);
  let received = 0;
  let sum = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    for (const byte of chunk) sum = (sum + byte) % 65_521;
  });
  request.on("end", () => {
    if (delayMs === 0) finish();
    else later(finish, delayMs / 2);
  });
  const id = String(request.headers["x-request-id"] ?? "");
  const finish = () => {
    writeSync(served, `${id}\n`);
    const body = JSON.stringify({
      id,
      pid: process.pid,
      generation: number,
      owner: generation.isOwner,
      release,
      stateFrom,
      ...(stateEarly && { stateEarly }),
      received,
      sum,
      offerVisible: Object.keys(process.env).some((name) => name === "HEIRLOOM_OFFER"),
      ...(url.pathname === "/timers" && { timers: timers() - pauses }),
    });
    response.setHeader("content-type", "application/json");
    const more = url.searchParams.has("long") ? filler() : "";
    response.setHeader("content-length", Buffer.byteLength(body) + more.length);
    if (delayMs === 0) {
      response.write(body);
      response.end(more);
      return;
    }
    // In two pieces, so that the connection is in the middle of an answer for a while.
    response.write(body.slice(0, 10));
    later(() => response.end(body.slice(10)), delayMs / 2);
  };
}
