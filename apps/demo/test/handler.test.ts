import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { createHandler } from "../src/handler.js";

/** The service without its restarts, as generation 7. */
async function start(): Promise<string> {
  const server = createServer(createHandler(7));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

it("GET /whoami says which process and which generation answers", async () => {
  const response = await fetch(`${await start()}/whoami`, { headers: { "x-request-id": "a1" } });
  expect(response.status).toBe(200);
  expect(response.headers.get("x-request-id")).toBe("a1");
  expect(await response.json()).toEqual({
    pid: process.pid,
    generation: 7,
    uptimeMs: expect.any(Number),
  });
});

it("GET /slow answers after the time asked for", async () => {
  const response = await fetch(`${await start()}/slow?ms=20`);
  expect(await response.json()).toMatchObject({ waitedMs: 20, generation: 7 });
});

it.each([
  "/slow",
  "/slow?ms=",
  "/slow?ms=soon",
  "/slow?ms=-1",
  "/slow?ms=1.5",
  "/slow?ms=60001",
  "/slow?ms=99999999",
])("GET %s is refused, with what to write instead", async (path) => {
  const response = await fetch((await start()) + path);
  expect(response.status).toBe(400);
  expect(await response.text()).toBe("ms must be a whole number from 0 to 60000, as in /slow?ms=2000\n");
});

it("POST /upload says how many bytes came, and their SHA-256", async () => {
  const body = Buffer.alloc(300_000, "heirloom ");
  const response = await fetch(`${await start()}/upload`, { method: "POST", body });
  const sha256 = createHash("sha256").update(body).digest("hex");
  expect(await response.json()).toEqual({ bytes: 300_000, sha256 });
});

it("GET / is a page", async () => {
  const response = await fetch(`${await start()}/`);
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await response.text()).toContain("<title>Heirloom demo</title>");
});

it("everything else is 404, or 405 with the methods allowed, and still echoes the request id", async () => {
  const url = await start();
  const headers = { "x-request-id": "b2" };
  const missing = await fetch(`${url}/nothing`, { headers });
  expect([missing.status, missing.headers.get("x-request-id")]).toEqual([404, "b2"]);
  const inherited = await fetch(`${url}/constructor`);
  expect(inherited.status).toBe(404);
  const refused = await fetch(`${url}/upload`, { headers });
  expect([refused.status, refused.headers.get("allow"), refused.headers.get("x-request-id")]).toEqual([
    405,
    "POST",
    "b2",
  ]);
});
