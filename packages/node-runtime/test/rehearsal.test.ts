import { createServer } from "node:http";
import { createServer as createNetServer } from "node:net";
import { expect, test } from "vitest";
import { rehearse } from "../src/rehearsal.js";
import { Service } from "./support/service.js";

const listener = (server: "http" | "certified" = "http") => ({ server, host: "127.0.0.1", port: 0 }) as const;
const say = (times: number, status = 200) => ({
  path: `/say?status=${status}`,
  method: "POST",
  body: "rehearsed",
  times,
});

test.each(["http", "certified"] as const)(
  "a child sends the requests of its rehearsal through its own %s server before it is owner",
  async (server) => {
    const options = { rehearse: [say(3)] };
    const service = await Service.start({ listeners: [listener(server)], options });
    expect(await service.handoff()).toMatchObject({ outcome: "committed" });
    const owner = await service.owner(2);
    const asked = service.lines.filter(({ event }) => event === "asked");
    expect(asked).toHaveLength(3);
    for (const line of asked) {
      expect(line).toMatchObject({ pid: owner.pid, generation: 2, body: "rehearsed", isOwner: false });
    }
    expect(service.lines.indexOf(asked[2] as (typeof asked)[0])).toBeLessThan(service.lines.indexOf(owner));
  },
);

test("a rehearsal that fails ends the handoff, and its parent serves on", async () => {
  const service = await Service.start({ listeners: [listener()] });
  service.configure({ listeners: [listener()], options: { rehearse: [say(1, 503)] } });
  const outcome = await service.handoff();
  expect(outcome).toMatchObject({ outcome: "rejected", code: "CHILD_FAILED" });
  expect(outcome.message).toContain("POST /say?status=503 was answered with 503");
  expect(await service.whoami()).toBe(1);
});

test("a first generation does not rehearse", async () => {
  const service = await Service.start({ listeners: [listener()], options: { rehearse: [say(1, 503)] } });
  expect(await service.whoami()).toBe(1);
});

test("a server that closes each connection gets another one", async () => {
  let connections = 0;
  const server = createServer((_, response) => response.setHeader("Connection", "close").end());
  server.on("connection", () => {
    connections += 1;
  });
  await rehearse([{ path: "/", times: 3 }], () => server);
  expect(connections).toBe(3);
});

test.each([
  ["a function that throws", () => Promise.reject(new Error("no cache")), "no cache"],
  ["a listener that is not there", [{ path: "/", listener: "admin" }], "there is no listener admin"],
  ["a server of another kind", [{ path: "/", listener: "net" }], "use a function"],
  ["a server that hangs up", [{ path: "/", listener: "rude" }], "socket hang up"],
])("%s fails the rehearsal", async (_, rehearsal, message) => {
  const servers: Record<string, ReturnType<typeof createNetServer>> = {
    net: createNetServer(),
    rude: createServer((request) => request.socket.destroy()),
  };
  const failed = rehearse(rehearsal, (name) => servers[name]);
  await expect(failed).rejects.toMatchObject({
    code: "HOOK_FAILED",
    message: expect.stringContaining(message),
  });
});
