import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatusAnswer } from "@heirloom/node-runtime/control";
import { expect, onTestFinished, test } from "vitest";
import { checkFolder } from "../src/doctor/folder.js";
import { checkPlatform } from "../src/doctor/platform.js";
import { readServicePort, socketsOn, unprivilegedFrom } from "../src/doctor/ports.js";
import { innermostPid, openFilesMax, serviceUnit } from "../src/doctor/proc.js";
import { checkFacts, type Facts } from "../src/doctor/service.js";
import { main } from "./support/command.js";
import { wellStatus } from "./support/impostor.js";

const status: StatusAnswer = {
  ...wellStatus,
  generation: 3,
  pid: 42,
  release: { cwd: "/srv/api", script: "/srv/api/server.js", node: "v20.20.0" },
  memory: { rssBytes: 100 * 2 ** 20, heapUsedBytes: 50 * 2 ** 20 },
};

const well: Facts = {
  status,
  openFilesMax: 1024,
  openFiles: 30,
  pidInNamespace: 42,
  unit: undefined,
  notifies: false,
  executable: "/usr/bin/node",
  scriptExists: true,
  cwdExists: true,
  availableBytes: 2 ** 32,
  ports: [{ port: 8000, mayBind: true, strangers: [] }],
};

const levelOf = (facts: Facts, check: string) =>
  checkFacts(facts).find((finding) => finding.check === check)?.level;

test("a service with which all is well has no findings but good ones", () => {
  expect(checkFacts(well).every(({ level }) => level === "ok")).toBe(true);
});

test.each<[string, Partial<Facts>, string, "warn" | "fail"]>([
  ["process 1 of a container", { pidInNamespace: 1 }, "init", "fail"],
  [
    "a port that may not be bound anew",
    { ports: [{ port: 80, mayBind: false, strangers: [] }] },
    "port 80",
    "warn",
  ],
  [
    "a port that somebody else holds, too",
    { ports: [{ port: 80, mayBind: true, strangers: [{ pid: 7, command: "node other.js" }] }] },
    "port 80",
    "warn",
  ],
  ["no descriptors left", { openFiles: 1020 }, "open files", "fail"],
  ["most descriptors in use", { openFiles: 700 }, "open files", "warn"],
  ["a unit that is told nothing", { unit: "api.service" }, "systemd", "warn"],
  ["a Node that was removed", { executable: "/usr/bin/node (deleted)" }, "program", "warn"],
  ["a script that is gone", { scriptExists: false }, "program", "warn"],
  ["a working directory that is gone", { cwdExists: false }, "program", "warn"],
  ["no memory for two", { availableBytes: 90 * 2 ** 20 }, "memory", "warn"],
])("%s is found", (_, facts, check, level) => {
  expect(levelOf({ ...well, ...facts }, check)).toBe(level);
});

test.each([
  [{ node: "18.20.0" }, "node", "fail"],
  [{ node: "20.18.3" }, "node", "fail"],
  [{ node: "20.19.0" }, "node", "ok"],
  [{ platform: "win32" }, "system", "fail"],
  [{ somaxconn: 128 }, "backlog", "warn"],
  [{ koffi: "it is not installed" }, "koffi", "warn"],
] as const)("of a machine with %j, %s is %s", (machine, check, level) => {
  const found = checkPlatform({
    platform: "linux",
    node: "24.1.0",
    somaxconn: 4096,
    koffi: true,
    ...machine,
  });
  expect(found.find((finding) => finding.check === check)?.level).toBe(level);
});

test("without koffi all is told that does not work", () => {
  const machine = {
    platform: "linux",
    node: "24.1.0",
    somaxconn: 4096,
    koffi: "it is not installed",
  } as const;
  const { message } = checkPlatform(machine).find(({ check }) => check === "koffi") ?? {};
  for (const what of [
    "connections do not move",
    "may not be rolled back",
    "stands still",
    "heirloom run does not work",
  ])
    expect(message).toContain(what);
});

test("what the kernel says of a process is read", () => {
  expect(
    openFilesMax(
      "Limit  Soft  Hard\nMax open files            1024                 4096                 files\n",
    ),
  ).toBe(1024);
  expect(openFilesMax("Max open files            unlimited            unlimited            files\n")).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(innermostPid("Name:\tnode\nNSpid:\t4242\t1\n")).toBe(1);
  expect(serviceUnit("0::/system.slice/api.service\n")).toBe("api.service");
  expect(serviceUnit("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run.scope\n")).toBe(
    undefined,
  );
});

test("a folder that others may enter is found", () => {
  const folder = mkdtempSync(join(tmpdir(), "heirloom-doctor-"));
  onTestFinished(() => rmdirSync(folder));
  expect(checkFolder(folder)).toMatchObject([{ level: "ok" }]);
  expect(checkFolder("/tmp")).toMatchObject([{ level: "fail", check: "control" }]);
});

test("sockets that listen on a port are read from the kernel's table, and no others", () => {
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`;
  const table = [
    "  sl  local_address",
    row("0100007F:1F40", "0A", 11),
    row("0100007F:1F40", "01", 12),
    row("0100007F:1F41", "0A", 13),
  ];
  expect(socketsOn(8_000, table.join("\n"))).toEqual([{ address: "0100007F", link: "socket:[11]" }]);
});

test.each(["127.0.0.1", "::1", "0.0.0.0"])(
  "whoever holds a service's socket on %s, too, is found",
  async (host) => {
    const server = createServer().listen(0, host);
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const { pid } = process;
    expect(readServicePort(port, pid, new Set()).strangers).toMatchObject([{ pid }]);
    expect(readServicePort(port, pid, new Set([pid])).strangers).toEqual([]);
  },
);

test.runIf(process.getuid?.() === 0 && unprivilegedFrom() > 81)(
  "a port below 1024 may not be bound by just anybody",
  () => {
    const { stdout, status } = spawnSync(
      "setpriv",
      [
        "--reuid=65534",
        "--clear-groups",
        "--inh-caps=-all",
        process.execPath,
        main,
        "doctor",
        "--port",
        "81",
      ],
      { encoding: "utf8" },
    );
    expect(stdout).toMatch(
      /✗ port 81 +may not be bound by this user: ports below \d+ need CAP_NET_BIND_SERVICE/,
    );
    expect(status).toBe(1);
  },
);
