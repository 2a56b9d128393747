import { expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { get, startLoad } from "./support/load.js";
import { freePort, Program } from "./support/program.js";

const start = `
import { createServer } from "node:http";
const serve = (port, answer = () => 200) => createServer((request, response) => {
  response.statusCode = answer();
  response.end(String(process.pid));
}).listen(port, "127.0.0.1", () => console.log(process.pid + " listens on " + port));
`;

test("a child is ready when it listens on all that was handed down", async () => {
  const [one, two] = await Promise.all([freePort(), freePort()]);
  const program = Program.start(`${start} serve(${one}); setTimeout(() => serve(${two}), 300);`);
  await program.says(`listens on ${two}`);
  const load = startLoad(async () => void (await get({ port: two })));
  await load.more(5);
  await program.restart();
  await load.more(5);
  expect((await load.stop()).failures).toEqual([]);
});

test("INV-6: a release that leaves an address out is not ready, says for what it waits, and changes nothing", async () => {
  const [one, two] = await Promise.all([freePort(), freePort()]);
  const program = Program.start(`${start} serve(${one}); serve(${two});`, {
    env: { HEIRLOOM_READY_DEADLINE_MS: "2500" },
  });
  await program.says(`listens on ${two}`);
  program.deploy(`${start} serve(${one});`);
  expect(await program.failToRestart()).toContain("the ready deadline of 2500 ms passed");
  expect(program.log).toContain(
    `is not ready yet: it waits for the program to listen on tcp:127.0.0.1:${two}, as its parent does; if this release does without, set HEIRLOOM_READY=listening for one restart`,
  );
  expect(await get({ port: two })).toBe(String(program.pid));
});

test("HEIRLOOM_READY=listening: a child is ready with the first address, and the others are dropped", async () => {
  const [one, two] = await Promise.all([freePort(), freePort()]);
  const program = Program.start(`${start} serve(${one}); serve(${two});`, {
    env: { HEIRLOOM_READY: "listening" },
  });
  await program.says(`listens on ${two}`);
  program.deploy(`${start} serve(${one});`);
  await program.restart();
  expect(await get({ port: one })).toBe(String(program.pid));
  // The child gives it up once it has heard that its parent is gone; until then clients wait there in vain.
  await eventually("the dropped port is refused", () =>
    get({ port: two }).then(
      () => false,
      ({ code }: NodeJS.ErrnoException) => code === "ECONNREFUSED",
    ),
  );
});

test("HEIRLOOM_READY=port: a child is ready when it listens on that one", async () => {
  const [one, two] = await Promise.all([freePort(), freePort()]);
  const program = Program.start(`${start} serve(${one}); setTimeout(() => serve(${two}), 300);`, {
    env: { HEIRLOOM_READY: `port:${two}` },
  });
  await program.says(`listens on ${two}`);
  program.deploy(`${start} setTimeout(() => serve(${two}), 300);`);
  await program.restart();
  expect(await get({ port: two })).toBe(String(program.pid));
});

// Red when the probe goes to the port: the parent would answer it.
test("HEIRLOOM_READY=http: a child is ready when it answers 200 itself", async () => {
  const port = await freePort();
  const program = Program.start(`${start} serve(${port});`, {
    env: { HEIRLOOM_READY: `http://127.0.0.1:${port}/healthz` },
  });
  await program.says(`listens on ${port}`);
  program.deploy(
    `${start} let asked = 0; serve(${port}, () => { console.log(process.pid + " asked " + ++asked); return asked < 3 ? 503 : 200; });`,
  );
  const load = startLoad(async () => void (await get({ port })));
  await program.restart();
  expect((await load.stop()).failures, program.transcript).toEqual([]);
  await program.says("asked 3");
});

test("HEIRLOOM_READY=program: a child is ready when it says so", async () => {
  const port = await freePort();
  const program = Program.start(
    `
${start}
const { generation, ready } = await import(process.env.API);
serve(${port});
setTimeout(() => { console.log("generation " + generation().number + " says ready"); ready(); ready(); }, 300);
`,
    { env: { HEIRLOOM_READY: "program" } },
  );
  await program.says("generation 1 says ready");
  await program.restart();
  await program.says("generation 2 says ready");
});

test("the API does nothing where the preload is not there", async () => {
  const program = Program.start(
    `
const { generation, ready } = await import(process.env.API);
ready();
console.log("generation: " + generation());
`,
    { preload: "none" },
  );
  await program.says("generation: undefined");
});

test("who looks for a free port listens for a moment only, and is not ready", async () => {
  const port = await freePort();
  const program = Program.start(`
${start}
const probe = createServer().listen(${port}, "127.0.0.1", () => probe.close(() => {
  console.log(process.pid + " is free");
  setTimeout(() => serve(${port}), 300);
}));
`);
  await program.says(`listens on ${port}`);
  await program.restart();
  expect(await get({ port })).toBe(String(program.pid));
});

test.each([
  ["HEIRLOOM_READY", "soon", "inherited, listening, program, port:8080 or http://127.0.0.1:8080/healthz"],
  ["HEIRLOOM_SIGNAL", "SIGKILL", "one of SIGHUP, SIGUSR2, none"],
  ["HEIRLOOM_DRAIN_DEADLINE_MS", "30s", "a whole number of milliseconds"],
  ["HEIRLOOM_LOG", "file", "one of stderr, none"],
])("%s=%s is refused with what to set", async (variable, value, wanted) => {
  const program = Program.start(`${start} serve(0);`, { env: { [variable]: value } });
  await program.logs(`${variable} is "${value}": set it to ${wanted}`);
  await program.gone();
  expect(await program.firstStatus()).toBe(1);
});
