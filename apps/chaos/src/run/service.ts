import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { CONTROL_ROOT, inventory, type Listening, listenersOf, OTHER_LISTENING } from "../kernel/socket.js";
import {
  FOLDER_VARIABLE,
  type Line,
  type Order,
  PID_FILE,
  RELEASE_VARIABLE,
  RUNTIME_VARIABLE,
  SPARE_RELEASE,
} from "../victim/order.js";
import { eventually } from "./clock.js";
import { Watch } from "./watch.js";

export interface Programs {
  readonly victim: string;
  readonly preload: string;
  readonly clients: string;
  /** Which build of the runtime the victim uses; undefined: the workspace's. */
  readonly runtime: string | undefined;
}

/** Descriptors that each process of the victim may have. */
const DESCRIPTORS_MAX = 400;
const HEAP_MB_MAX = 96;
/** The conductor has to be there in time, whatever the victims do: they are nicer than it is. */
const NICER = 5;
const START_MS_MAX = 15_000;
/** Folders that a generation can be started in. */
const BROKEN = "broken";
const RELEASES = ["1", "2", BROKEN];
const PROGRAM = "service.mjs";
const CONTROL_ASIDE = `${CONTROL_ROOT}-aside`;
/** What is about to take the PID file's place, for a moment. */
export const PID_FILE_NEW = `${PID_FILE}.new`;

/** One victim: a service in a folder of its own, with all the processes that it becomes. */
export class Service {
  readonly folder: string;
  readonly watch: Watch;
  /** What the processes said, since it was last taken. */
  lines: Line[] = [];
  #errors = "";
  targets = { port: 0, tlsPort: 0, path: "" };
  onStruck: (pid: number, id: number, at: number) => void = () => {};
  readonly #programs: Programs;
  #first: ChildProcess | undefined;
  #hasSpare = false;

  constructor(folder: string, programs: Programs) {
    this.folder = folder;
    this.#programs = programs;
    this.watch = new Watch();
    mkdirSync(folder, { recursive: true });
    for (const release of RELEASES) {
      mkdirSync(join(folder, release));
      writeFileSync(join(folder, release, PROGRAM), programOf(release, programs.victim));
    }
    symlinkSync(process.execPath, join(folder, "node"));
    this.release("1");
    this.order(undefined);
  }

  /** What the environment of every process has in it that this service ever becomes. */
  get marker(): string {
    return `${FOLDER_VARIABLE}=${this.folder}\0`;
  }

  get listening(): Listening {
    return { ports: new Set([this.targets.port, this.targets.tlsPort]), folder: this.folder };
  }

  /** Starts the first generation, and resolves when it is owner. False: it did not come up. */
  async start(logTo?: string): Promise<boolean> {
    this.lines = [];
    this.watch.clear();
    const { preload, runtime } = this.#programs;
    const log = logTo === undefined ? undefined : openSync(logTo, "a");
    const limits = `ulimit -c 0; ulimit -n ${DESCRIPTORS_MAX}`;
    const current = join(this.folder, "current");
    this.#first = spawn(
      "/bin/sh",
      [
        "-c",
        `${limits}; exec nice -n ${NICER} "$@"`,
        "sh",
        join(this.folder, "node"),
        "--import",
        `file://${preload}`,
        PROGRAM,
      ],
      {
        cwd: current,
        env: {
          PATH: process.env.PATH,
          PWD: current,
          [FOLDER_VARIABLE]: this.folder,
          XDG_RUNTIME_DIR: this.folder,
          // Where a temporary file shows.
          TMPDIR: this.folder,
          // So that CI finds what is left.
          ...(process.env.HEIRLOOM_TEST_RUN && { HEIRLOOM_TEST_RUN: process.env.HEIRLOOM_TEST_RUN }),
          ...(runtime !== undefined && { [RUNTIME_VARIABLE]: runtime }),
          NODE_OPTIONS: `--max-old-space-size=${HEAP_MB_MAX}`,
          NODE_NO_WARNINGS: "1",
        },
        stdio: ["ignore", "pipe", log ?? "pipe"],
        detached: true,
      },
    );
    if (log !== undefined) closeSync(log);
    this.#first.on("error", () => {});
    createInterface({ input: this.#first.stdout as NodeJS.ReadableStream }).on("line", (text) =>
      this.#take(text),
    );
    this.#first.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-20_000);
    });
    const up = await eventually(() => this.lines.some(({ type }) => type === "owner"), START_MS_MAX);
    if (up) this.watch.listeners = listenersOf(this.listening);
    return up;
  }

  /** Which version of the application the next generation is. */
  release(name: string): void {
    if (name !== BROKEN) this.#hasSpare = name === SPARE_RELEASE;
    symlinkSync(name, join(this.folder, "next"));
    renameSync(join(this.folder, "next"), join(this.folder, "current"));
  }

  /** Takes the executable away, or puts it back. */
  executable(present: boolean): void {
    rmSync(join(this.folder, "node"), { force: true });
    if (present) symlinkSync(process.execPath, join(this.folder, "node"));
  }

  /** What the processes are to do at which step; undefined: nothing. */
  order(order: Order | undefined): void {
    // The same file for ever: the processes have it open.
    writeFileSync(join(this.folder, "order.json"), order === undefined ? "" : JSON.stringify(order));
  }

  /** Files in the folder, or in one of the releases, that nobody but a handoff can have made. */
  strayFiles(): string[] {
    const expected = new Set([
      ...RELEASES,
      "current",
      "node",
      "order.json",
      "service.sock",
      PID_FILE,
      CONTROL_ROOT,
      CONTROL_ASIDE,
    ]);
    const beside = readdirSync(this.folder).filter(
      (name) => !expected.has(name) && !name.startsWith("served-"),
    );
    const within = RELEASES.flatMap((release) =>
      readdirSync(join(this.folder, release))
        .filter((name) => name !== PROGRAM)
        .map((name) => join(release, name)),
    );
    return [...beside, ...within];
  }

  /** What is in the folder of the control sockets, by name. */
  controlFiles(): string[] {
    try {
      return readdirSync(this.#controlFolder).sort().reverse();
    } catch {
      return [];
    }
  }

  /** What leads to the owner's control socket. */
  currentControl(): string | undefined {
    try {
      return readlinkSync(join(this.#controlFolder, "current"));
    } catch {
      return undefined;
    }
  }

  /** What a process has open, but for the listener that only one of the releases has: of that what is too much, or missing. */
  inventoryOf(pid: number): Record<string, number> {
    const { [OTHER_LISTENING]: other = 0, ...rest } = inventory(pid, this.listening, this.watch.listeners);
    return { ...rest, [OTHER_LISTENING]: Number(other > 0) - Number(this.#hasSpare) };
  }

  /** The process that the PID file names. */
  pidInFile(): string | undefined {
    try {
      return readFileSync(join(this.folder, PID_FILE), "utf8").trim();
    } catch {
      return undefined;
    }
  }

  /** What is there for as long as the service is: its own socket, and what it is found and controlled by. */
  ownFiles(): string[] {
    const own = ["service.sock", PID_FILE].filter((name) => existsSync(join(this.folder, name)));
    return [...own, ...this.controlFiles()];
  }

  /** What others have rights to, of the control sockets and the folders that they are in. */
  openToOthers(): string[] {
    const folder = this.#controlFolder;
    const paths = [dirname(folder), folder, ...this.controlFiles().map((name) => join(folder, name))];
    return paths.filter((path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found !== undefined && !found.isSymbolicLink() && (found.mode & 0o077) !== 0;
    });
  }

  /** Keeps the next generations from making a control socket, or lets them again. */
  blockControl(blocked: boolean): void {
    const root = join(this.folder, CONTROL_ROOT);
    const aside = join(this.folder, CONTROL_ASIDE);
    if (blocked) {
      // Root writes into whatever folder it finds; nobody makes a folder where a file is.
      renameSync(root, aside);
      writeFileSync(root, "");
    } else if (existsSync(aside)) {
      rmSync(root, { recursive: true, force: true });
      renameSync(aside, root);
    }
  }

  get #controlFolder(): string {
    return join(this.folder, CONTROL_ROOT, "service");
  }

  takeLines(): Line[] {
    const lines = this.lines;
    this.lines = [];
    return lines;
  }

  /** What the processes wrote to standard error since it was last taken. */
  takeErrors(): string {
    const errors = this.#errors;
    this.#errors = "";
    return errors;
  }

  #take(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      return;
    }
    this.lines.push(line);
    if (line.type === "listening") {
      this.targets = { port: line.port, tlsPort: line.tlsPort, path: join(this.folder, "service.sock") };
    }
    this.watch.take(line);
    if (line.type === "struck") this.onStruck(line.pid, line.id, line.at);
  }
}

function programOf(release: string, victim: string): string {
  if (release === BROKEN) return "this does not parse\n";
  return `process.env.${RELEASE_VARIABLE} = "${release}";\nawait import(${JSON.stringify(`file://${victim}`)});\n`;
}
