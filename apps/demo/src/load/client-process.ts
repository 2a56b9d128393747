/**
 * The clients of one kind, as a process of their own: `node client-process.js <kind> <host> <port>`, started by the load
 * with a channel. Reports what its requests came to, and ends when told so or when the load is gone.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { KINDS } from "./kinds/index.js";
import { type Client, KIND_NAMES, type Kind } from "./kinds/kind.js";
import type { ClientReport } from "./ledger.js";

const REPORT_EVERY_MS = 200;

async function main([kindName, host, port]: string[]): Promise<void> {
  const name = KIND_NAMES.find((candidate) => candidate === kindName);
  if (!name || !host || !port || !process.send) {
    throw new Error("this program is started by the demo's load, it is of no use alone");
  }
  const kind = KINDS[name];
  let records: ClientReport["records"] = [];
  const clients = Array.from({ length: kind.clients }, () => kind.newClient({ host, port: Number(port) }));
  const report = (): Promise<void> => {
    const message: ClientReport = { kind: name, records, connections: sumConnections(clients) };
    records = [];
    return new Promise((resolve) => process.send?.(message, () => resolve()));
  };

  // Ctrl-C reaches every process of the terminal; the load decides what becomes of its clients.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  process.on("disconnect", () => process.exit());
  const finish = new AbortController();
  setMaxListeners(clients.length, finish.signal); // each client's pause listens
  process.on("message", (message) => {
    if (message === "finish") finish.abort();
    if (message === "abandon") void report().then(() => process.exit());
  });

  const reporting = setInterval(report, REPORT_EVERY_MS);
  await Promise.all(clients.map((client) => work(kind, client, finish.signal, (done) => records.push(done))));
  clearInterval(reporting);
  await report();
  process.exit();
}

async function work(
  kind: Kind,
  client: Client,
  finish: AbortSignal,
  onRecord: (record: ClientReport["records"][number]) => void,
): Promise<void> {
  const { min, max } = kind.thinkMs;
  // The first pause is drawn from zero on, so that the clients don't march in step.
  for (let from = 0; !finish.aborted; from = min) {
    await pause(from + Math.random() * (max - from), undefined, { signal: finish }).catch(() => {});
    if (!finish.aborted) onRecord(await client.request());
  }
}

function sumConnections(clients: Client[]): ClientReport["connections"] {
  const sum = { opened: 0, closeAnnounced: 0, closedWhileIdle: 0 };
  for (const { connections } of clients) {
    sum.opened += connections?.opened ?? 0;
    sum.closeAnnounced += connections?.closeAnnounced ?? 0;
    sum.closedWhileIdle += connections?.closedWhileIdle ?? 0;
  }
  return sum;
}

await main(process.argv.slice(2));
