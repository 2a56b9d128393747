/**
 * The clients of one kind, as a process of their own: `node client-process.js <kind> <host> <port> <clients>`, started by the load
 * with a channel. Reports what its requests came to, and ends when told so or when the load is gone.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { KINDS } from "./kinds/index.js";
import { type Client, KIND_NAMES, type Kind } from "./kinds/kind.js";
import type { ClientReport } from "./ledger.js";

const REPORT_EVERY_MS = 200;
/** Over which the requests of clients that ask at the start and at the end are spread. */
const SPREAD_MS = 2_000;

async function main([kindName, host, port, clientCount]: string[]): Promise<void> {
  const name = KIND_NAMES.find((candidate) => candidate === kindName);
  if (!name || !host || !port || !clientCount || !process.send) {
    throw new Error("this program is started by the demo's load, it is of no use alone");
  }
  const kind = KINDS[name];
  let records: ClientReport["records"] = [];
  const target = { host, port: Number(port) };
  const clients = Array.from({ length: Number(clientCount) }, () => kind.newClient(target));
  const report = (): Promise<void> => {
    const message: ClientReport = {
      kind: name,
      records,
      connections: sumConnections(clients),
      messages: sumMessages(clients),
    };
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
  if (kind.thinkMs === undefined) {
    // Not all at once, neither at the start nor at the end.
    await pause(Math.random() * SPREAD_MS);
    onRecord(await client.request());
    if (!finish.aborted) await new Promise((resolve) => finish.addEventListener("abort", resolve));
    await pause(Math.random() * SPREAD_MS);
    onRecord(await client.request());
    return;
  }
  const { min, max } = kind.thinkMs;
  // The first pause is drawn from zero on, so that the clients don't march in step.
  for (let from = 0; !finish.aborted; from = min) {
    await pause(from + Math.random() * (max - from), undefined, { signal: finish }).catch(() => {});
    if (!finish.aborted) onRecord(await client.request());
  }
}

function sumConnections(clients: Client[]): ClientReport["connections"] {
  const sum = summer(clients);
  return {
    clients: clients.length,
    survived: sum(({ survives }) => Number(survives ?? false)),
    opened: sum(({ connections }) => connections?.opened),
    closeAnnounced: sum(({ connections }) => connections?.closeAnnounced),
    closedWhileIdle: sum(({ connections }) => connections?.closedWhileIdle),
  };
}

function sumMessages(clients: Client[]): ClientReport["messages"] {
  const sum = summer(clients);
  return {
    sent: sum(({ messages }) => messages?.sent),
    lost: sum(({ messages }) => messages?.lost),
    doubled: sum(({ messages }) => messages?.doubled),
  };
}

function summer(clients: Client[]) {
  return (count: (client: Client) => number | undefined): number =>
    clients.reduce((sum, client) => sum + (count(client) ?? 0), 0);
}

await main(process.argv.slice(2));
