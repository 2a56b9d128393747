import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { processesWith } from "../src/kernel/process.js";
import { FOLDER_VARIABLE } from "../src/victim/order.js";

const CHILDREN = 150;

// Red where a process that has no environment yet, for it is being executed, counts as somebody else's: about two in a
// hundred are seen at that moment.
it("finds every process of a service, however young", async () => {
  const folder = `/nowhere/${process.pid}`;
  const marker = `${FOLDER_VARIABLE}=${folder}`;
  const starter = `
    const { spawn } = require("node:child_process");
    let left = ${CHILDREN};
    const next = () => {
      if (left-- === 0) return console.log("all started");
      spawn("/bin/sleep", ["60"], { stdio: "ignore" });
      setTimeout(next, 2);
    };
    next();`;
  const env = { PATH: process.env.PATH, [FOLDER_VARIABLE]: folder };
  const parent = spawn(process.execPath, ["-e", starter], { env, stdio: ["ignore", "pipe", "inherit"] });
  let started = false;
  parent.stdout.once("data", () => {
    started = true;
  });
  try {
    while (!started) {
      processesWith(marker);
      await new Promise(setImmediate);
    }
    expect(processesWith(marker)).toHaveLength(CHILDREN + 1);
  } finally {
    parent.kill("SIGKILL");
    await once(parent, "exit");
    for (const pid of processesWith(marker)) process.kill(pid, "SIGKILL");
  }
});
