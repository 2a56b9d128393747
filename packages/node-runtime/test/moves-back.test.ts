import { expect, onTestFinished, test } from "vitest";
import { KeptAlive, type Target } from "./support/client.js";
import { type Config, Service } from "./support/service.js";

const patient = { probationMs: 60_000, drainDeadlineMs: 60_000 };

/** A service whose second generation is owner, and whose first one could still take the service back. */
async function onProbation(
  config: Config = {},
): Promise<{ service: Service; target: Target; parent: number }> {
  // No server tires of the clients before they have all been asked.
  const settings = { keepAliveTimeout: 3_600_000 };
  const listeners = [{ server: "http" as const, host: "127.0.0.1", port: 0, settings }];
  const service = await Service.start({ listeners, ...config, options: { ...patient, ...config.options } });
  const parent = service.pid;
  const target = await service.target();
  service.signal("SIGHUP");
  await service.owner(2);
  await service.until("step", { pid: service.pid, on: "adoptionPrepared" });
  return { service, target, parent };
}

async function open(target: Target): Promise<KeptAlive> {
  const client = await KeptAlive.open(target);
  onTestFinished(() => client.close());
  return client;
}

async function used(target: Target): Promise<KeptAlive> {
  const client = await open(target);
  expect(await client.whoami()).toMatchObject({ outcome: "ok", generation: 2 });
  return client;
}

/** Asks for something that the second generation does not answer, and waits until that has the question. */
async function asks(
  service: Service,
  client: KeptAlive,
  token: string,
  method = "GET",
  rest = "",
): Promise<void> {
  client.socket.write(`${method} /first?token=${token} HTTP/1.1\r\nHost: test\r\n\r\n${rest}`);
  await service.until("asked", { generation: 2, token });
}

/** The process ends by itself, in a turn of its own. */
async function end(target: Target, how: "exit" | "fail"): Promise<void> {
  (await open(target)).socket.write(`POST /${how} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n`);
}

const answeredBy1 = { outcome: "ok", generation: 1, closes: false };

// Red when nothing is given back, when Node reads from the descriptor channel, or when it is closed before the parent looks.
test.each([
  ["exits", "exit"],
  ["throws", "fail"],
] as const)(
  "INV-4: clients of a child that %s on probation keep their connections, used or not",
  async (_, how) => {
    const { service, target, parent } = await onProbation();
    const clients = await Promise.all(Array.from({ length: 300 }, () => used(target)));
    const unused = await open(target);
    await used(target);
    await end(target, how);
    const report = await service.until("handoff", { pid: parent, outcome: "rolledBack" });
    expect(report).toMatchObject({ returned: 302 });
    for (const client of [unused, ...clients]) {
      expect(await client.whoami()).toMatchObject(answeredBy1);
      expect(await client.whoami()).toMatchObject(answeredBy1);
    }
  },
);

// Red when a request is read anew that is not safe, or that another one follows.
test("INV-4: a safe request that such a child has not begun to answer is answered by its parent, and no other", async () => {
  const { service, target, parent } = await onProbation();
  const [safe, post, pipelined, halfOfOneMore] = await Promise.all(
    Array.from({ length: 4 }, () => open(target)),
  );
  await asks(service, safe as KeptAlive, "safe");
  await asks(service, post as KeptAlive, "post", "POST");
  await asks(
    service,
    pipelined as KeptAlive,
    "pipelined",
    "GET",
    "GET /first HTTP/1.1\r\nHost: test\r\n\r\n",
  );
  await asks(service, halfOfOneMore as KeptAlive, "half", "GET", "GET /fir");
  await used(target);
  await end(target, "exit");
  await service.until("handoff", { pid: parent, outcome: "rolledBack" });
  expect(await safe?.until((text) => text.includes('"generation":1'))).toBe(true);
  expect(await safe?.whoami()).toMatchObject(answeredBy1);
  for (const lost of [post, pipelined, halfOfOneMore]) {
    await lost?.until(() => false);
    expect(lost?.ended).toBeDefined();
  }
  const again = service.lines.filter(({ event, generation }) => event === "asked" && generation === 1);
  expect(again.map(({ token }) => token)).toEqual(["safe"]);
});

// Red when the requests of the turn in which a process ends are not left out: the parent would end by it, too.
test("INV-2: the request by which a child ends is not asked again", async () => {
  const { service, target, parent } = await onProbation();
  const client = await used(target);
  client.socket.write("GET /failNow HTTP/1.1\r\nHost: test\r\n\r\n");
  await service.until("handoff", { pid: parent, outcome: "rolledBack" });
  await client.until(() => false);
  expect(client.ended).toBeDefined();
  expect(await service.whoami()).toBe(1);
});

test("INV-2: what a child leaves in the descriptor channel that is no batch is closed", async () => {
  const service = await Service.start({ options: patient });
  const { pid } = service;
  service.configure({ before: "leavesNoise", options: patient });
  service.signal("SIGHUP");
  await service.owner(2);
  const target = await service.target();
  const client = await used(target);
  await end(target, "exit");
  await service.until("handoff", { pid, outcome: "rolledBack" });
  await client.until(() => false);
  expect(client.ended).toBeDefined();
  expect(await service.whoami()).toBe(1);
});

test("INV-4: a child that is killed has no last turn: its clients are lost with it, and nobody else", async () => {
  const { service, target, parent } = await onProbation();
  const client = await used(target);
  service.signal("SIGKILL");
  const report = await service.until("handoff", { pid: parent, outcome: "rolledBack" });
  expect(report.returned).toBeUndefined();
  await client.until(() => false);
  expect(client.ended).toBeDefined();
  expect(await service.whoami()).toBe(1);
});
