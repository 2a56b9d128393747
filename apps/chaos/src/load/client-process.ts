/** The clients of one service, as a process of their own, started by the conductor with a channel. */
import { setMaxListeners } from "node:events";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { Client, HABITS } from "./client.js";
import {
  type FromClients,
  KINDS_OF_LOAD,
  type RequestRecord,
  type Targets,
  type ToClients,
} from "./record.js";

const REPORT_EVERY_MS = 100;
const AFTER_FAILURE_MS = 20;

let records: RequestRecord[] = [];
let clients: readonly Client[] = [];
/** Calls the idle clients out of their thinking. */
let call = new AbortController();
let stop = new AbortController();
const asking = new Set<Promise<unknown>>();
let working: Promise<unknown> = Promise.resolve();

function tell(message: FromClients): void {
  process.send?.(message);
}

function report(): void {
  const closures = clients.flatMap((client) => client.takeClosures());
  if (records.length + closures.length > 0) tell({ type: "seen", records, closures });
  records = [];
}

async function work(client: Client, at: Targets, signal: AbortSignal): Promise<void> {
  for (;;) {
    // The first pause keeps the clients from marching in step.
    await client.think(at, signal, call.signal);
    if (signal.aborted) break;
    const request = client.ask(at);
    asking.add(request);
    const record = await request;
    records.push(record);
    asking.delete(request);
    // Nobody who is turned away asks again at once; and it would keep the machine busy for nothing.
    if (record.failure !== undefined) await pause(AFTER_FAILURE_MS);
  }
  client.drop();
}

process.on("message", (message: ToClients) => {
  if (message.type === "start") {
    const { targets } = message;
    stop = new AbortController();
    const { signal } = stop;
    clients = KINDS_OF_LOAD.flatMap((kind) =>
      Array.from({ length: HABITS[kind].clients }, () => new Client(kind)),
    );
    setMaxListeners(2 * clients.length, signal);
    working = Promise.all(clients.map((client) => work(client, targets, signal)));
    return;
  }
  if (message.type === "pause") stop.abort();
  else call.abort();
  call = new AbortController();
  const settled = message.type === "pause" ? working : nextTurn().then(() => Promise.all(asking));
  void settled.then(() => {
    report();
    tell({ type: "flushed", mark: message.mark });
  });
});

// Ctrl-C reaches every process of the terminal: the conductor decides when the clients end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());
setInterval(report, REPORT_EVERY_MS);
