import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { get } from "../../register/test/support/load.js";
import { freePort } from "../../register/test/support/program.js";
import { fields, readConfig } from "../src/config.js";
import { parsePort } from "../src/doctor/port.js";
import { CommandRun, run } from "./support/command.js";
import { Impostor, says, wellStatus } from "./support/impostor.js";

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

// Red where the text is taken for whatever number JavaScript makes of it.
test.each(["", " 3", "0x10", "1e2", "-1", "1001"])(
  "--crashes takes whole numbers only, and not %j",
  async (crashes) => {
    const dir = folder();
    const { status, stderr } = await run({ dir }, ["run", "--crashes", crashes, "--", "node", "-e", "0"], {
      cwd: dir,
    });
    expect(stderr).toBe(`heirloom: --crashes ${crashes} is not a whole number from 0 to 1000\n`);
    expect(status).toBe(2);
  },
);

// Red when PWD is believed: whoever starts a program in a folder of its own need not have set it.
test("a service is started where heirloom run was started, by the path that was given", async () => {
  const dir = folder();
  const link = join(folder(), "current");
  symlinkSync(dir, link);
  const script = "console.log(process.cwd(), process.env.PWD)";
  const tell = async (PWD: string | undefined) => {
    const line = ["run", "--crashes", "0", "--", "node", "-e", script];
    return (await run({ dir }, line, { cwd: dir, env: { PWD } })).stdout;
  };
  expect(await tell(tmpdir())).toBe(`${dir} ${dir}\n`);
  expect(await tell(undefined)).toBe(`${dir} ${dir}\n`);
  expect(await tell(link)).toBe(`${dir} ${link}\n`);
});

// Red when it is shown as a stack trace, with status 1.
test.each<[string, string, RegExp]>([
  ["that others may enter", "open", /^heirloom: others may enter the folder .* or set --folder to /],
  ["that is a file", "file", /^heirloom: .*file is not a folder/],
  ["in a file", "file/a/b", /^heirloom: ENOTDIR/],
  ["with a long path", "x".repeat(80), /^heirloom: the path .*x\/api is longer than the \d+ bytes/],
])("heirloom run refuses a folder %s, and says what to do", async (_, path, message) => {
  const dir = folder();
  writeFileSync(join(dir, "file"), "");
  mkdirSync(join(dir, "open"));
  chmodSync(join(dir, "open"), 0o755);
  const line = ["run", "--folder", join(dir, path), "--name", "api", "--", "node", "-e", "0"];
  const { status, stderr } = await run({ dir }, line, { cwd: dir });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(status).toBe(4);
});

test("the longest path that heirloom run takes has room for its sockets", async () => {
  const dir = folder();
  const path = join(dir, "x".repeat(86 - dir.length - "//api".length));
  const line = [
    "run",
    "--crashes",
    "0",
    "--folder",
    path,
    "--name",
    "api",
    "--",
    "node",
    "-e",
    "process.exit(3)",
  ];
  expect((await run({ dir }, line, { cwd: dir })).status).toBe(3);
});

// Red when services are looked for in the default folder.
test("doctor looks for services in the folder of the file", async () => {
  const dir = configured({ folder: "sockets" });
  await Impostor.start(join(dir, "sockets", "api"), says(wellStatus));
  const { stdout } = await run({ dir }, ["doctor"], {
    cwd: dir,
    env: { HEIRLOOM_CONTROL_FOLDER: undefined },
  });
  expect(stdout).toMatch(/^api$/m);
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

// Red with any five digits.
test("the schema takes the ports that the command takes", () => {
  const schema = JSON.parse(readFileSync(new URL("../heirloom.schema.json", import.meta.url), "utf8"));
  const pattern = new RegExp(schema.properties.ports.items.pattern);
  const texts = Array.from({ length: 100_001 }, (_, port) => [String(port), `[::1]:${port}`]).flat();
  texts.push("00080", "000080", "", "http", "127.0.0.1:", ":80", "80 ");
  expect(texts.filter((text) => pattern.test(text) !== (parsePort(text) !== undefined))).toEqual([]);
});

test("the schema knows the fields that the command knows, and the README's example is one", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const schema = JSON.parse(read("../heirloom.schema.json")) as { properties: object };
  expect(Object.keys(schema.properties)).toEqual(Object.keys(fields));
  const [, example = ""] = /```json\n([\s\S]*?)```/.exec(read("../README.md")) ?? [];
  expect(readConfig(join(configured(example), "heirloom.json"))).toMatchObject({ name: "shop", crashes: 3 });
});
