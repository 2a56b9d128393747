import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { get } from "../../register/test/support/load.js";
import { freePort } from "../../register/test/support/program.js";
import { fields, readConfig } from "../src/config.js";
import { CommandRun, run } from "./support/command.js";

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "heirloom-config-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function configured(config: unknown): string {
  const dir = folder();
  writeFileSync(join(dir, "heirloom.json"), typeof config === "string" ? config : JSON.stringify(config));
  return dir;
}

const server = `
const { createServer } = require("node:http");
createServer((request, response) => response.end(process.env.GREETING)).listen(process.env.PORT, "127.0.0.1");
`;

// Red where the file's environment, name, or preload are not used.
test("heirloom run starts what heirloom.json says", async () => {
  const port = await freePort();
  const dir = configured({
    $schema: "./node_modules/heirloom/heirloom.schema.json",
    command: ["node", "server.cjs"],
    name: "shop",
    register: true,
    folder: "sockets",
    env: { PORT: String(port), GREETING: "from the file" },
  });
  writeFileSync(join(dir, "server.cjs"), server);
  const kept = new CommandRun({ dir }, ["run"], { cwd: dir, env: { HEIRLOOM_CONTROL_FOLDER: undefined } });
  onTestFinished(() => void kept.process.kill());
  await kept.says(/keeps the listeners of generation 1/);
  expect(await get({ port })).toBe("from the file");
  const status = await run({ dir }, ["status", "shop"], {
    env: { HEIRLOOM_CONTROL_FOLDER: join(dir, "sockets") },
  });
  expect(status.stdout).toMatch(/^shop\n/);
  kept.process.kill("SIGTERM");
  expect((await kept.outcome).status).toBe(0);
});

test("what stands on the line goes before the file", async () => {
  const dir = configured({ command: ["node", "-e", "process.exit(7)"], crashes: 8 });
  const { status } = await run({ dir }, ["run", "--crashes", "0", "--", "node", "-e", "process.exit(3)"], {
    cwd: dir,
  });
  expect(status).toBe(3);
});

test("doctor looks at the ports of the file, and of the one that is named", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as { port: number };
  const dir = configured({ ports: [`127.0.0.1:${port}`] });
  const here = await run({ dir }, ["doctor", "--json"], { cwd: dir });
  const named = await run({ dir }, ["doctor", "--config", join(dir, "heirloom.json"), "--json"], {
    cwd: folder(),
  });
  const none = await run({ dir }, ["doctor", "--json"], { cwd: folder() });
  expect([here, named, none].map(({ stdout }) => stdout.includes(String(port)))).toEqual([true, true, false]);
  expect([here.status, named.status]).toEqual([1, 1]);
  expect(here.stdout).toContain(String(process.pid));
  const other = configured({ ports: ["http"] });
  const wrong = await run({ dir: other }, ["doctor"], { cwd: other });
  expect(wrong).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(`${other}/heirloom.json: ports must`),
  });
});

test.each<[string, unknown, RegExp]>([
  ["no JSON", "{,}", /heirloom\.json is not JSON: /],
  ["a list", ["node"], /must be a map, such as \{"command"/],
  ["an unknown field", { comand: ["node"] }, /has "comand", which is none of \$schema, command, /],
  ["a field of every object", '{"__proto__": 1}', /has "__proto__", which is none of/],
  ["a command that is text", { command: "node server.js" }, /command must be a list of strings/],
  ["an empty command", { command: [] }, /command must be a list of strings/],
  ["a name that is no name", { command: ["node"], name: "../shop" }, /--name/],
  ["a number in the environment", { env: { PORT: 80 } }, /env must be a map of strings/],
  ["half a crash", { crashes: 0.5 }, /crashes must be a whole number from 0 to 1000/],
  ["a port that is a number", { ports: [80] }, /ports must be a list of ports from 1 to 65535 in quotes/],
  [
    "a port that is none",
    { ports: ["80", "127.0.0.1:http"] },
    /heirloom\.json: ports must be a list of ports/,
  ],
  ["no command at all", { name: "shop" }, /which service\? Say heirloom run -- node server\.js/],
])("bad input is an error that says what to do, and nothing is started: %s", async (_, config, message) => {
  const dir = configured(config);
  const { status, stderr } = await run({ dir }, ["run"], { cwd: dir });
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

test("a file that is named has to be there, and readable", async () => {
  const dir = folder();
  const missing = await run({ dir }, ["run", "--config", "other.json"], { cwd: dir });
  expect(missing).toMatchObject({ status: 2, stderr: expect.stringMatching(/cannot be read: ENOENT/) });
  mkdirSync(join(dir, "heirloom.json"));
  const unreadable = await run({ dir }, ["run"], { cwd: dir });
  expect(unreadable).toMatchObject({ status: 2, stderr: expect.stringMatching(/cannot be read: EISDIR/) });
});

test("the schema knows the fields that the command knows, and the README's example is one", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const schema = JSON.parse(read("../heirloom.schema.json")) as { properties: object };
  expect(Object.keys(schema.properties)).toEqual(Object.keys(fields));
  const [, example = ""] = /```json\n([\s\S]*?)```/.exec(read("../README.md")) ?? [];
  expect(readConfig(join(configured(example), "heirloom.json"))).toMatchObject({ name: "shop", crashes: 3 });
});
