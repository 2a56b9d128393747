import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined)
  console.log("skipped: there is no Chromium here (Debian: apt-get install chromium)");

describe.skipIf(CHROMIUM === undefined)("the page, in a browser", () => {
  let demo: ChildProcess;
  let browser: Browser;
  let url = "";

  beforeAll(async () => {
    demo = spawn(process.execPath, [MAIN, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    if (!demo.stdout) throw new Error("the demo has no standard output");
    for await (const line of createInterface({ input: demo.stdout })) {
      url = /Open {8}(\S+)/.exec(line)?.[1] ?? url;
      if (line.includes("Ctrl-C")) break;
    }
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    demo.kill("SIGTERM");
    await once(demo, "exit");
  });

  it("shows each generation without being loaded again, and its WebSocket stays open", async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(url);
    for (let generation = 1; generation <= 4; generation += 1) {
      await page.waitForFunction(`document.getElementById("generation").textContent === "${generation}"`);
      // Red where WebSockets do not move: this one would stay with generation 1.
      await page.waitForFunction(
        `document.getElementById("answered").textContent === "generation ${generation}"`,
      );
      if (generation < 4) demo.kill("SIGHUP");
    }
    expect(await page.textContent("#failed")).toBe("0");
    expect(await page.textContent("#since")).toBe("generation 1");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(errors).toEqual([]);
  });
});
