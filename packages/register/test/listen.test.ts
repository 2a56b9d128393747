import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { answers, get, startLoad } from "./support/load.js";
import { freePort, Program } from "./support/program.js";

/** A program as people write them; LISTEN is how it listens, and TOLD what it does in the callback. */
const listening = (listen: string, told = "") => `
import { createServer } from "node:http";
const say = (what) => console.log(process.pid + " " + what);
const server = createServer((request, response) => response.end(String(process.pid)));
server.on("listening", () => say("listening event"));
${listen}
function told() {
  say("told " + JSON.stringify(server.address()) + " " + server.listening);
  ${told}
}
`;

const told = (program: Program) =>
  JSON.parse(new RegExp(`${program.pid} told (.*) true`).exec(program.output)?.[1] ?? "null");

test.each([
  ["port 0 and a callback", "server.listen(0, told);", "::"],
  ["port 0 and a host", `server.listen(0, "127.0.0.1", 10, told);`, "127.0.0.1"],
  ["no port at all", "server.listen(told);", "::"],
  ["a port that is undefined", "server.listen(process.env.PORT, told);", "::"],
  [
    "an object, and an undefined port",
    `server.listen({ port: undefined, host: "127.0.0.1" }, told);`,
    "127.0.0.1",
  ],
  ["an object, and a host name", `server.listen({ port: 0, host: "localhost" }, told);`, undefined],
  ["a string", `server.listen("0", "127.0.0.1", told);`, "127.0.0.1"],
  ["IPv6 alone", `server.listen({ port: 0, host: "::1", ipv6Only: true }, told);`, "::1"],
])("a program that listens on %s sees its server listen, in every generation", async (_, listen, host) => {
  const program = Program.start(listening(listen));
  await program.says("told");
  const { port, address } = told(program);
  if (host !== undefined) expect(address).toBe(host);
  for (const _generation of [2, 3]) {
    await program.restart();
    expect(told(program)).toMatchObject({ port, address });
    expect(await get({ port, host: address.includes(":") ? "::1" : "127.0.0.1" })).toBe(String(program.pid));
    expect(program.output.match(new RegExp(`${program.pid} listening event`, "g"))).toHaveLength(1);
  }
});

test("a program that asks for the address without waiting gets it", async () => {
  const port = await freePort();
  const program = Program.start(listening(`server.listen(${port}); told();`));
  await program.says("told");
  await program.restart();
  expect(told(program)).toMatchObject({ port });
});

test("INV-1: a path leads to the program through every generation, and is gone when it ends", async () => {
  const program = Program.start(listening(`server.listen("app.sock", told);`));
  const socketPath = join(program.dir, "app.sock");
  await program.says("told");
  expect(told(program)).toBe(socketPath);
  const load = startLoad(async () => void (await get({ socketPath })));
  await load.more(5);
  await program.restart();
  await program.restart();
  await load.more(5);
  expect((await load.stop()).failures).toEqual([]);
  expect(await get({ socketPath })).toBe(String(program.pid));
  program.signal("SIGTERM");
  await program.gone();
  expect(existsSync(socketPath)).toBe(false);
});

test("INV-1: listeners that come later, and new ones, are handed down like the first", async () => {
  const [first, second, third] = await Promise.all([freePort(), freePort(), freePort()]);
  const more = (port: number, afterMs: number) =>
    `setTimeout(() => createServer((q, r) => r.end("more")).listen(${port}, "127.0.0.1", () => say("more")), ${afterMs});`;
  const main = listening(`server.listen(${first}, "127.0.0.1", told);`);
  const program = Program.start(`${main}${more(second, 300)}`);
  await program.says(`${program.pid} more`);
  const load = startLoad(async () => expect(await get({ port: second })).toBe("more"));
  program.deploy(`${main}${more(second, 0)}${more(third, 0)}`);
  await program.restart();
  await program.restart();
  await load.more(5);
  expect((await load.stop()).failures).toEqual([]);
  expect(await get({ port: third })).toBe("more");
});

test("a taken port is an error event, and a program that tries the next one goes on", async () => {
  const taken = await freePort();
  const other = Program.start(listening(`server.listen(${taken}, "127.0.0.1", told);`));
  await other.says("told");
  const free = await freePort();
  const program = Program.start(
    listening(`
server.on("error", ({ code }) => { say(code); server.listen(${free}, "127.0.0.1", told); });
server.listen(${taken}, "127.0.0.1");`),
  );
  await program.says("told");
  await program.says(`${program.pid} EADDRINUSE`);
  await program.restart();
  await program.says(`${program.pid} EADDRINUSE`);
  expect(await get({ port: free })).toBe(String(program.pid));
});

test("a program that closes its server and listens again is restarted like any other", async () => {
  const port = await freePort();
  const program = Program.start(
    listening(
      `server.listen(${port}, "127.0.0.1"); server.once("listening", () => server.close(() => { say("closed"); server.listen(${port}, "127.0.0.1", told); }));`,
    ),
  );
  await program.says("told");
  await program.restart();
  await program.says(`${program.pid} closed`);
  expect(await get({ port })).toBe(String(program.pid));
});

test("listening twice, and closing twice, are the errors that they are in Node", async () => {
  const program = Program.start(
    listening(
      "server.listen(0, told);",
      `try { server.listen(0); } catch ({ code }) { say(code); }
       if (process.env.CLOSE) server.close((e) => { say("closed " + e); server.close(({ code }) => say(code)); });`,
    ),
    { env: { CLOSE: "1" } },
  );
  await program.says("ERR_SERVER_NOT_RUNNING");
  await program.says("ERR_SERVER_ALREADY_LISTEN");
  await program.says("closed undefined");
  // Nothing keeps a process that has closed everything.
  await program.gone();
});

test("an AbortSignal closes a server that was handed down", async () => {
  const program = Program.start(
    listening(
      `const controller = new AbortController();
server.on("close", () => say("close event"));
server.listen({ port: 0, host: "127.0.0.1", signal: controller.signal }, told);
process.on("SIGUSR2", () => controller.abort());`,
    ),
  );
  await program.says("told");
  const { port } = told(program);
  await program.restart();
  program.signal("SIGUSR2");
  await program.says(`${program.pid} close event`);
  await expect(get({ port })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await program.gone();
});

test("a CommonJS program is preloaded with --require", async () => {
  const program = Program.start(
    `
const server = require("node:http").createServer((q, r) => r.end(String(process.pid)));
server.listen(0, "127.0.0.1", () => console.log(process.pid + " told " + JSON.stringify(server.address()) + " true"));
`,
    { preload: "require", extension: "cjs" },
  );
  await program.says("told");
  const { port } = told(program);
  await program.restart();
  expect(await get({ port })).toBe(String(program.pid));
});

test("INV-6: after a rollback the program goes on as if nothing had happened", async () => {
  const program = Program.start(listening(`server.listen(0, "127.0.0.1", told);`), {
    env: { HEIRLOOM_PROBATION_MS: "2000" },
  });
  await program.says("told");
  const { port } = told(program);
  program.deploy(
    listening(
      `server.listen(0, "127.0.0.1", told); setInterval(() => globalThis.process.kill(process.pid, "SIGKILL"), 200);`,
    ),
  );
  expect(await program.failToRestart()).toContain("was rolled back");
  await answers(async () => expect(await get({ port })).toBe(String(program.pid)));
  expect(program.output.match(new RegExp(`${program.pid} listening event`, "g"))).toHaveLength(1);
});
