import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const deadlineMs = 30_000;
const script = fileURLToPath(new URL("fixtures/service.mjs", import.meta.url));

export interface Line {
  readonly pid: number;
  readonly owner?: number;
  readonly port?: number;
  readonly outcome?: string;
  readonly probed?: string;
  readonly health?: number;
  readonly ready?: number;
}

/** A service with metrics, in all of its generations. It is ended with the test. */
export class Service {
  readonly lines: Line[] = [];
  readonly dir = mkdtempSync(join(tmpdir(), "heirloom-metrics-test-"));
  #log = "";
  #changed: () => void = () => {};
  readonly #ended: Promise<void>;

  constructor() {
    const started = spawn(process.execPath, [script], {
      cwd: this.dir,
      env: { PATH: process.env.PATH, TMPDIR: this.dir, PORT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    started.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    // Ends once no generation is left that could write.
    this.#ended = new Promise((resolve) => {
      const lines = createInterface(started.stdout);
      lines.on("line", (line) => {
        this.lines.push(JSON.parse(line) as Line);
        this.#changed();
      });
      lines.on("close", resolve);
    });
    onTestFinished(async () => {
      const owner = this.owners.at(-1)?.pid ?? started.pid ?? 0;
      process.kill(owner, "SIGTERM");
      const timer = setTimeout(() => process.kill(owner, "SIGKILL"), deadlineMs);
      await this.#ended;
      clearTimeout(timer);
      rmSync(this.dir, { recursive: true });
    });
  }

  get owners(): Line[] {
    return this.lines.filter(({ owner }) => owner !== undefined);
  }

  /** Waits until a line is like this. */
  until(what: string, isIt: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(`${what}: not within ${deadlineMs} ms\n${JSON.stringify(this.lines)}\n${this.#log}`),
        );
      }, deadlineMs);
      this.#changed = () => {
        const line = this.lines.find(isIt);
        if (line === undefined) return;
        clearTimeout(timer);
        resolve(line);
      };
      this.#changed();
    });
  }

  owner(number: number): Promise<Line> {
    return this.until(`generation ${number} is owner`, ({ owner }) => owner === number);
  }

  /** A restart; resolves once the parent has left behind what it counted. */
  async restart(): Promise<void> {
    const { owner = 0, pid } = this.owners.at(-1) ?? { pid: 0 };
    process.kill(pid, "SIGHUP");
    await this.owner(owner + 1);
    await this.left(pid);
  }

  /** A restart; resolves once the child is owner, in whatever its parent is still busy. */
  async handOver(): Promise<void> {
    const { owner = 0, pid } = this.owners.at(-1) ?? { pid: 0 };
    process.kill(pid, "SIGHUP");
    await this.owner(owner + 1);
  }

  async left(pid: number): Promise<void> {
    await this.until("it leaves", (line) => line.pid === pid && line.outcome === "committed");
  }

  async failToRestart(): Promise<void> {
    writeFileSync(join(this.dir, "broken"), "");
    process.kill(this.owners.at(-1)?.pid ?? 0, "SIGHUP");
    await this.until("a handoff is aborted", ({ outcome }) => outcome === "aborted");
    rmSync(join(this.dir, "broken"));
  }

  /** The samples of all metrics, by name and labels as Prometheus writes them. Over kept-alive connections of this process. */
  async metrics(): Promise<Record<string, number>> {
    return samplesOf(await (await fetch(`http://127.0.0.1:${this.owners[0]?.port}/`)).text());
  }

  /** Begins to ask this owner for them, on a connection that cannot move meanwhile. Returns what asks to the end. */
  async beginToAsk(): Promise<() => Promise<Record<string, number>>> {
    const socket = connect(this.owners[0]?.port ?? 0, "127.0.0.1");
    await once(socket, "connect");
    socket.write("GET / HTTP/1.0\r\n");
    // By its answer the owner has read what came before.
    await this.metrics();
    return async () => {
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      socket.write("\r\n");
      await once(socket, "end");
      return samplesOf(text.slice(text.indexOf("\r\n\r\n") + 4));
    };
  }

  /** What generations left in the folder for temporary files. */
  get leftovers(): string[] {
    return readdirSync(this.dir).filter((name) => name.startsWith("heirloom-metrics"));
  }
}

function samplesOf(text: string): Record<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}
