import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

/** Longest answer that `/slow` may be asked to hold back, in milliseconds. */
const SLOW_MS_MAX = 60_000;

type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** The demo's routes, for the generation with this number. */
export function createHandler(generation: number): RequestListener {
  const page = readFileSync(new URL("../page/index.html", import.meta.url));
  const identity = () => ({ pid: process.pid, generation, uptimeMs: Math.round(process.uptime() * 1000) });

  const routes: Record<string, { methods: string[]; answer: Route }> = {
    "/": {
      methods: ["GET", "HEAD"],
      answer: (_request, response) => send(response, 200, "text/html; charset=utf-8", page),
    },
    "/whoami": {
      methods: ["GET", "HEAD"],
      answer: (_request, response) => sendJson(response, 200, identity()),
    },
    "/slow": {
      methods: ["GET", "HEAD"],
      answer: (_request, response, url) => answerSlowly(response, url, identity),
    },
    "/upload": {
      methods: ["POST"],
      answer: answerUpload,
    },
  };

  return (request, response) => {
    const requestId = request.headers["x-request-id"];
    if (requestId !== undefined) response.setHeader("x-request-id", requestId);

    const url = URL.canParse(request.url ?? "", "http://demo")
      ? new URL(request.url ?? "", "http://demo")
      : null;
    const route = url && Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
    if (!url || !route) {
      const paths = Object.keys(routes).join(", ");
      return sendText(response, 404, `There is nothing here. This service answers: ${paths}`);
    }
    if (!route.methods.includes(request.method ?? "")) {
      response.setHeader("allow", route.methods.join(", "));
      return sendText(response, 405, `${url.pathname} answers ${route.methods.join(" and ")} only`);
    }
    void route.answer(request, response, url);
  };
}

function answerSlowly(response: ServerResponse, url: URL, identity: () => object): void {
  const asked = url.searchParams.get("ms") ?? "";
  const ms = /^\d{1,5}$/.test(asked) ? Number(asked) : Number.NaN;
  if (ms <= SLOW_MS_MAX) {
    const timer = setTimeout(() => sendJson(response, 200, { waitedMs: ms, ...identity() }), ms);
    response.once("close", () => clearTimeout(timer));
  } else {
    sendText(response, 400, `ms must be a whole number from 0 to ${SLOW_MS_MAX}, as in /slow?ms=2000`);
  }
}

async function answerUpload(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of request) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch {
    return; // the client went away in the middle: nobody is left to answer
  }
  sendJson(response, 200, { bytes, sha256: hash.digest("hex") });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, "application/json", Buffer.from(JSON.stringify(body)));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", Buffer.from(`${text}\n`));
}

function send(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": body.length,
    "cache-control": "no-store",
  });
  response.end(body);
}
