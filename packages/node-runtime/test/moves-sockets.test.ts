import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { fixture, Service } from "./support/service.js";

const script = fixture("lines.mjs");
const start = () =>
  Service.start(
    { listeners: [{ server: "net", host: "127.0.0.1", port: 0 }], options: { drainDeadlineMs: 20_000 } },
    { script },
  );

class Adder {
  readonly socket: Socket;
  received = "";
  closed = false;
  sum = 0;
  count = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (text) => {
      this.received += text;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
    });
  }

  static async open(service: Service): Promise<Adder> {
    const adder = new Adder(connect((await service.target()) as { host: string; port: number }));
    onTestFinished(() => void adder.socket.destroy());
    return adder;
  }

  get lines(): string[] {
    return this.received.split("\n").slice(0, -1);
  }

  add(number: number): void {
    this.sum += number;
    this.count += 1;
    this.socket.write(`${number}\n`);
  }

  async settle(): Promise<void> {
    await eventually("every line is answered", () => this.lines.length === this.count || this.closed);
    expect(this.closed).toBe(false);
    expect(this.lines.at(-1)).toMatch(new RegExp(`^${this.sum} by `));
  }
}

// Red when writes are not held, or when what is half read stays behind.
test("INV-4: connections of an application's own protocol move with its state, also in the middle of a line", async () => {
  const service = await start();
  const adders = await Promise.all(Array.from({ length: 20 }, () => Adder.open(service)));
  // Whoever has an answer is accepted: those who wait in the kernel's queue are the child's from the start.
  for (const adder of adders) adder.add(1);
  await Promise.all(adders.map((adder) => adder.settle()));
  for (let generation = 2; generation <= 4; generation += 1) {
    const { pid, now } = service;
    for (const adder of adders) adder.add(generation);
    const [first, second] = adders as [Adder, Adder];
    second.socket.write("10");
    service.signal("SIGHUP");
    let busy = true;
    const load = (async () => {
      while (busy) {
        first.add(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const report = await service.until("handoff", { pid }, now);
    busy = false;
    await load;
    expect(report).toMatchObject({ drain: { moved: 20, cut: 0, classes: { raw: { moved: 20 } } } });
    second.sum += 100;
    second.count += 1;
    second.socket.write("0\n");
    for (const adder of adders.slice(2)) adder.add(1);
    await Promise.all(adders.map((adder) => adder.settle()));
    for (const adder of adders.slice(1)) expect(adder.lines.at(-1)).toMatch(new RegExp(` by ${generation}$`));
    await service.until("exit", { pid });
  }
});

test("INV-4: a connection that is ended by its client while it could move is ended in order", async () => {
  const service = await start();
  const { pid } = service;
  const adder = await Adder.open(service);
  adder.add(1);
  await adder.settle();
  adder.socket.end("2\n");
  service.signal("SIGHUP");
  await service.until("exit", { pid });
  await eventually("it is closed", () => adder.closed);
  expect(adder.lines.map((line) => line.split(" ")[0])).toEqual(["1", "3"]);
});

// Red when whatever was released counts as moved.
test("a connection that its application does not let go on is ended, and not counted as moved", async () => {
  const service = await start();
  const { pid } = service;
  const [stays, ends] = [await Adder.open(service), await Adder.open(service)];
  stays.add(1);
  ends.add(-1);
  await Promise.all([stays.settle(), ends.settle()]);
  service.signal("SIGHUP");
  expect(await service.until("handoff", { pid })).toMatchObject({ drain: { moved: 1, finished: 1, cut: 0 } });
  await eventually("it is closed", () => ends.closed);
  stays.add(1);
  await stays.settle();
});

// Red when what arrives stays half-open whatever its server says: nothing here would ever end this side.
test("a client that leaves a connection that has moved is noticed, and the connection closed", async () => {
  const service = await start();
  const { pid } = service;
  const adder = await Adder.open(service);
  adder.add(1);
  await adder.settle();
  service.signal("SIGHUP");
  await service.until("exit", { pid });
  adder.socket.end();
  await service.until("socketClosed", { generation: 2 });
  await eventually("it is closed", () => adder.closed);
});
