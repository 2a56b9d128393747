/**
 * The demo's service, one generation of it: a web server that hands over to its successor on SIGHUP, and that drains
 * and ends on SIGTERM. `HOST` and `PORT` say where; every later generation inherits the socket that the first has bound.
 */
import { createServer } from "node:http";
import { serve } from "@heirloom/node-runtime";
import { createHandler } from "./handler.js";
import { endWithLauncher, launched, tellFailure, tellHandoffs, tellOwner } from "./launcher-link.js";

const address = { host: process.env.HOST ?? "127.0.0.1", port: Number(process.env.PORT ?? 8000) };

const server = createServer(createHandler(async () => (await generation).number));
const generation = serve(server, address, { drainDeadlineMs: 30_000, ...(launched && { log: false }) });

// All that a service needs is above. The rest is for the demo's launcher, which shows what happens.
if (launched) {
  endWithLauncher();
  try {
    tellHandoffs(await generation);
    tellOwner(await generation, server);
  } catch (error) {
    tellFailure(error);
    process.exit(1);
  }
}
