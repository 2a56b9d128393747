// How long a restart takes, against the least that any restart can take: starting the same program without Heirloom.
// Usage: node restart-time.mjs [rounds]. Prints medians, the least of each, and their ratios; rounds alternate, so that both
// see the same noise. A generation is left alone until it is ready for its next handoff, as in any service that is not restarted
// twice within a second.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { freePort, median } from "./support.mjs";

const rounds = Number(process.argv[2] ?? 30);
/** Often enough to tell, and not so often that asking the old generation takes the new one's processor time. */
const pollMs = 2;
const settleMs = 3_500;
const fixture = (name) => fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));

function ask(port) {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.on("end", () => resolve(body));
    });
    request.on("error", () => resolve(undefined));
  });
}

async function until(port, wanted) {
  for (;;) {
    const answer = await ask(port);
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

const servedPort = await freePort();
const first = spawn(process.execPath, [fixture("served"), servedPort], { stdio: "inherit" });
await until(servedPort, (answer) => Number(answer) >= 1);
let pid = first.pid;

await new Promise((resolve) => setTimeout(resolve, settleMs));
const bare = [];
const restarted = [];
for (let round = 0; round < rounds; round += 1) {
  const barePort = await freePort();
  let begun = performance.now();
  const child = spawn(process.execPath, [fixture("bare"), barePort], { stdio: "inherit" });
  await until(barePort, (answer) => answer === "1");
  bare.push(performance.now() - begun);
  child.kill("SIGKILL");
  await once(child, "exit");

  begun = performance.now();
  process.kill(pid, "SIGHUP");
  await until(servedPort, (answer) => Number(answer) === round + 2);
  restarted.push(performance.now() - begun);
  pid = await successor();
  await new Promise((resolve) => setTimeout(resolve, settleMs));
}
process.kill(pid, "SIGTERM");

async function successor() {
  const answer = await new Promise((resolve) => {
    get({ host: "127.0.0.1", port: servedPort, agent: false }, (response) => {
      response.resume();
      resolve(response.headers["x-pid"]);
    });
  });
  return Number(answer);
}

const least = (values) => Math.min(...values);
const show = (values) => `median ${median(values).toFixed(1)} ms, least ${least(values).toFixed(1)} ms`;
console.log(`spawn to first answer, without Heirloom: ${show(bare)}`);
console.log(`SIGHUP to first answer of the new generation: ${show(restarted)}`);
const ratio = median(restarted) / median(bare);
const ratioOfLeast = least(restarted) / least(bare);
console.log(
  `ratio ${ratio.toFixed(2)}, of the least ${ratioOfLeast.toFixed(2)} (${rounds} rounds, Node ${process.version})`,
);
