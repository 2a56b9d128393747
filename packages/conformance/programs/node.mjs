// @heirloom/node-runtime as a program that spec/conformance/README.md describes. Faults strike at the steps that the
// runtime publishes; the runtime itself knows nothing of them.
import { subscribe } from "node:diagnostics_channel";
import { createServer } from "node:http";
import { joinGeneration } from "@heirloom/node-runtime";
import { decodeOffer, encodeOffer } from "@heirloom/protocol";

const notSupported = 77;

/** When a fault strikes: [role, step] to what the runtime publishes then. */
const steps = {
  "child before-accept": { effect: "sendAccept", when: "before" },
  "child before-ready": { effect: "sendReady", when: "before" },
  "child after-ready": { effect: "sendReady", when: "after" },
  "child after-commit": { event: "commitReceived" },
  "child after-committed": { effect: "sendCommitted", when: "after" },
  "parent before-accept": { effect: "spawnChild", when: "after" },
  "parent after-accept": { event: "acceptReceived" },
  "parent after-ready": { event: "readyReceived" },
  "parent after-commit": { effect: "sendCommit", when: "after" },
  "parent draining": { effect: "drainConnections", when: "after" },
};
const signals = { kill: "SIGKILL", stop: "SIGSTOP" };

const { env } = process;
const settings = {
  listeners: JSON.parse(
    env.CONFORMANCE_LISTENERS ?? '[{"name":"web","kind":"tcp","host":"127.0.0.1","port":8000}]',
  ),
  deadlines: JSON.parse(env.CONFORMANCE_DEADLINES ?? "{}"),
  child: env.CONFORMANCE_CHILD === undefined ? undefined : JSON.parse(env.CONFORMANCE_CHILD),
};
const isChild = env.HEIRLOOM_OFFER !== undefined || env.CONFORMANCE_CHECK === "child";

if (settings.listeners.some(({ kind }) => kind !== "tcp" && kind !== "unix")) process.exit(notSupported);
const features = env.CONFORMANCE_FEATURES?.split(",") ?? [];
if (features.some((feature) => feature !== "connections")) process.exit(notSupported);
if (env.CONFORMANCE_FAULT !== undefined) inject(env.CONFORMANCE_FAULT);
if (env.CONFORMANCE_VERSIONS !== undefined) pretend(env.CONFORMANCE_VERSIONS);
if (env.CONFORMANCE_CHECK !== undefined) process.exit(0);

function inject(fault) {
  const [role, step, action] = fault.split(" ");
  const at = steps[`${role} ${step}`];
  if (at === undefined || signals[action] === undefined) process.exit(notSupported);
  let struck = false;
  const strike = (published) => {
    if (struck || published.role !== role) return;
    if (Object.entries(at).some(([key, value]) => published[key] !== value)) return;
    struck = true;
    process.kill(process.pid, signals[action]);
  };
  subscribe("heirloom:effect", strike);
  subscribe("heirloom:event", strike);
}

/**
 * The runtime cannot be told which versions it speaks. A child whose range does not meet its parent's is had by moving
 * the parent's range, as the child reads it, away from its own.
 */
function pretend(versions) {
  const [min, max] = versions.split("-").map(Number);
  if (!isChild || min === 1) process.exit(notSupported);
  if (env.HEIRLOOM_OFFER === undefined) return;
  const offer = decodeOffer(env.HEIRLOOM_OFFER);
  env.HEIRLOOM_OFFER = encodeOffer({ ...offer, protocol: { min, max } });
}

function spawnOf({ command, env: changes }) {
  const [execPath, ...argv] = command;
  const merged = Object.entries({ ...process.env, ...changes }).filter(([, value]) => value !== null);
  return { execPath, execArgv: [], argv, env: Object.fromEntries(merged) };
}

const { readyMs, parkMs, commitMs, drainMs, exitMs, probationMs } = settings.deadlines;
const deadlines = {
  readyDeadlineMs: readyMs,
  parkDeadlineMs: parkMs,
  commitDeadlineMs: commitMs,
  drainDeadlineMs: drainMs,
  exitDeadlineMs: exitMs,
  probationMs,
};
const options = Object.fromEntries(Object.entries(deadlines).filter(([, value]) => value !== undefined));

const generation = await joinGeneration({
  ...options,
  control: false,
  ...(settings.child ? { spawn: spawnOf(settings.child) } : {}),
});

function answer(request, response) {
  const url = new URL(request.url, "http://program");
  if (url.pathname !== "/whoami" && url.pathname !== "/slow") {
    response.statusCode = 404;
    response.end();
    return;
  }
  const body = JSON.stringify({ pid: process.pid, generation: generation.number });
  const send = () => {
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Content-Length", Buffer.byteLength(body));
    response.end(body);
  };
  if (url.pathname === "/slow") setTimeout(send, Number(url.searchParams.get("ms")));
  else send();
}

for (const { name, kind, host, port, path } of settings.listeners) {
  await generation.listen(createServer(answer), kind === "unix" ? { name, path } : { name, host, port });
}
await generation.ready();
