/**
 * The demo's service, one generation of it: a web server that hands over to its successor on SIGHUP, and that drains
 * and ends on SIGTERM. `HOST` and `PORT` say where; every later generation inherits the socket that the first has bound.
 */
import { createServer } from "node:http";
import { joinGeneration } from "@heirloom/node-runtime";
import { serveEcho } from "./echo.js";
import { createHandler } from "./handler.js";
import { launched, linkToLauncher } from "./launcher-link.js";

const address = { host: process.env.HOST ?? "127.0.0.1", port: Number(process.env.PORT ?? 8000) };

const generation = await joinGeneration(launched ? { log: false } : {});
const server = createServer({ keepAliveTimeout: 120_000 }, createHandler(generation.number));
serveEcho(generation, server);
if (launched) linkToLauncher(generation, server); // the demo shows what happens: your service needs no such line

await generation.listen(server, address);
await generation.ready();
