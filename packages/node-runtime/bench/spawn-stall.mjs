// How long the clients of a big process wait because it starts its successor: with posix_spawn, and with node:child_process.
// Usage: node spawn-stall.mjs [megabytes] [rounds]. Rounds alternate, so that both see the same noise.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "./support.mjs";

const megabytes = Number(process.argv[2] ?? 1_500);
const rounds = Number(process.argv[3] ?? 5);
const program = fileURLToPath(new URL("fixtures/big.mjs", import.meta.url));

async function stall(env) {
  const service = fork(program, [String(megabytes)], { env: { ...process.env, ...env } });
  const [measured] = await once(service, "message");
  await once(service, "exit");
  return measured;
}

const ways = [
  { name: "posix_spawn", env: {}, seen: [] },
  { name: "node:child_process", env: { HEIRLOOM_SYSCALLS: "none" }, seen: [] },
];
for (let round = 0; round < rounds; round += 1) {
  for (const { env, seen } of ways) seen.push(await stall(env));
}

console.log(`a parent that holds ${megabytes} MB (${rounds} rounds, Node ${process.version})`);
for (const { name, seen } of ways) {
  const longest = seen.map((one) => one.longest);
  const spawned = seen.map((one) => one.spawned);
  console.log(
    `${name}: longest stall median ${median(longest).toFixed(1)} ms (${Math.min(...longest).toFixed(1)} to ${Math.max(...longest).toFixed(1)}); request to spawned ${median(spawned).toFixed(1)} ms`,
  );
}
