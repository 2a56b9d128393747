import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { processesWith } from "../src/kernel/process.js";
import { DEADLINES } from "../src/victim/deadlines.js";
import { FOLDER_VARIABLE } from "../src/victim/order.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
if (CHROMIUM === undefined)
  console.log("skipped: there is no Chromium here (Debian: apt-get install chromium)");

describe.skipIf(CHROMIUM === undefined)("the report, in a browser", () => {
  const out = mkdtempSync(join(tmpdir(), "heirloom-report-"));
  const url = pathToFileURL(join(out, "report.html")).href;
  const errors: string[] = [];
  const requests: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    spawnSync(process.execPath, [
      MAIN,
      "--quick",
      "--only",
      "child/ready/exit",
      "--lanes",
      "2",
      "--seed",
      "1",
      "--out",
      out,
    ]);
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(url);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(out, { recursive: true, force: true });
  });

  it("says the verdict, and each promise on a line of its own", async () => {
    expect(await page.textContent("#verdict")).toBe("Every promise was kept");
    expect(await page.locator("#promises li").count()).toBe(8);
  });

  it("tells a square's story on a click, with the transcript of both processes", async () => {
    await page.locator("#matrix button").first().click();
    const story = await page.textContent("#story");
    expect(story).toContain("readyDeclared");
    // Not always the first one: a turn whose fault came late is played again.
    expect(story).toMatch(/parent \(generation \d+\)/);
    expect(story).toContain("chaos");
    expect(await page.locator("#story svg rect").count()).toBeGreaterThan(5);
  });

  it("draws the load and the lives of the generations", async () => {
    expect(await page.locator("#charts canvas").count()).toBe(2);
    expect(await page.locator("#lives rect").count()).toBeGreaterThan(1);
  });

  it("fits a phone: nothing but the matrix scrolls sideways", async () => {
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  });

  it("needs nothing but itself, and has no errors", () => {
    expect(requests).toEqual([url]);
    expect(errors).toEqual([]);
  });
});

describe("the command", () => {
  it("refuses an option that it does not know with status 2", () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "--rouns", "3"], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toContain("--rouns");
  });

  it("leads to the round in which it was interrupted", async () => {
    const out = mkdtempSync(join(tmpdir(), "heirloom-rounds-"));
    const args = [
      "--only",
      "child/ready/exit1",
      "--rounds",
      "60",
      "--from",
      "4",
      "--lanes",
      "1",
      "--seed",
      "1",
    ];
    const run = spawn(process.execPath, [MAIN, ...args, "--out", out]);
    let stdout = "";
    run.stdout.on("data", (text) => {
      stdout += text;
    });
    run.stderr.on("data", (text) => {
      if (/[1-9]\d*\/57 turns/.test(`${text}`)) run.kill("SIGINT");
    });
    await once(run, "close");
    rmSync(out, { recursive: true, force: true });
    const ended = Number(/^(\d+) of 57 turns/m.exec(stdout)?.[1]);
    expect(ended).toBeGreaterThan(0);
    expect(stdout).toContain(
      `npm run chaos -- --rounds 60 --from ${4 + ended} --only child/ready/exit1 --seed 1`,
    );
  });

  // Red when it stays for what the interrupted turns wait for.
  it("ends with status 130 once it is interrupted, and before a turn could", async () => {
    const out = mkdtempSync(join(tmpdir(), "heirloom-interrupted-"));
    const run = spawn(process.execPath, [MAIN, "--only", "child/boot/neverReady", "--out", out]);
    run.stdout.resume();
    await once(run.stderr, "data");
    const told = performance.now();
    run.kill("SIGINT");
    const [status] = await once(run, "exit");
    const tookMs = performance.now() - told;
    rmSync(out, { recursive: true, force: true });
    expect(status).toBe(130);
    expect(tookMs).toBeLessThan(DEADLINES.readyDeadlineMs);
  });

  // Red when the conductor dies of a closed pipe, and its services do not.
  it("ends what it started once nobody reads what it says", async () => {
    const tmp = mkdtempSync(join(tmpdir(), "heirloom-unread-"));
    const env = { ...process.env, TMPDIR: tmp };
    const run = spawn(process.execPath, [MAIN, "--only", "child/boot/neverReady", "--out", tmp], { env });
    const services = () => processesWith(`${FOLDER_VARIABLE}=${tmp}`);
    run.stdout.resume();
    await once(run.stderr, "data");
    await vi.waitUntil(() => services().length > 0, { timeout: 30_000 });
    run.stderr.destroy();
    const [status] = await once(run, "exit");
    const left = services();
    for (const pid of left) process.kill(pid, "SIGKILL");
    rmSync(tmp, { recursive: true, force: true });
    expect({ status, left }).toEqual({ status: 130, left: [] });
  });

  it("replays every kept schedule, and nothing else", () => {
    const out = mkdtempSync(join(tmpdir(), "heirloom-schedule-"));
    const folder = fileURLToPath(new URL("../schedules", import.meta.url));
    const files = readdirSync(folder).map((name) => join(folder, name));
    const turns = files.flatMap((path) => JSON.parse(readFileSync(path, "utf8")).turns);
    const args = files.flatMap((path) => ["--schedule", path]);
    try {
      const { status } = spawnSync(process.execPath, [MAIN, ...args, "--lanes", "2", "--out", out]);
      const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
      const broken = report.invariants.flatMap(({ examples }: { examples: string[] }) => examples);
      expect({ status, broken, turns: report.totals.turns }).toEqual({
        status: 0,
        broken: [],
        turns: turns.length,
      });
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
