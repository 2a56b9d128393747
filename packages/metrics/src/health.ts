import type { IncomingMessage, ServerResponse } from "node:http";
import type { Generation } from "@heirloom/node-runtime";

/** A handler of `node:http` requests, and of Express routes. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Whether this process is alive: 200 whenever it can answer, in whatever state its generation is. */
export function healthHandler(generation: Generation): Handler {
  return (_request, response) => answer(generation, response, true);
}

/**
 * Whether what arrives here is served: 503 before this generation is owner, and 200 from then on. A parent that drains says
 * 200, too: what still reaches it is answered, and the service as a whole is ready all along.
 */
export function readinessHandler(generation: Generation): Handler {
  let ready = generation.isOwner;
  generation.once("owner", () => {
    ready = true;
  });
  return (_request, response) => answer(generation, response, ready);
}

function answer({ number, isOwner }: Generation, response: ServerResponse, well: boolean): void {
  const body = JSON.stringify({ status: well ? "ok" : "not ready", generation: number, owner: isOwner });
  response.writeHead(well ? 200 : 503, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(body);
}
