import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HandoffError } from "@heirloom/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Launch } from "../../src/process/launch.js";
import { loadPosix, type Posix } from "../../src/process/posix.js";
import { posixSpawner } from "../../src/process/posix-spawner.js";
import {
  firstListenerDescriptor,
  nodeSpawner,
  type SpawnedChild,
  type Spawner,
} from "../../src/process/spawn.js";
import { eventually } from "../support/eventually.js";

const posix = (await loadPosix()) as Posix;
const spawners: [string, Spawner][] = [["node:child_process", nodeSpawner]];
if (process.platform === "linux") spawners.push(["posix_spawn", posixSpawner(posix)]);

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child that was started, what it says on its channel until the end of it, and its exit. */
interface Started {
  readonly child: SpawnedChild;
  readonly said: Promise<string>;
  readonly exit: Promise<Exit>;
}

function start(
  spawner: Spawner,
  launch: Partial<Launch>,
  descriptors: readonly number[] = [],
): Promise<Started> {
  const full = {
    execPath: "/bin/sh",
    execArgv: [],
    argv: [],
    cwd: "/",
    env: { PATH: process.env.PATH },
    ...launch,
  };
  return new Promise((resolve, reject) => {
    let exited: (exit: Exit) => void;
    const exit = new Promise<Exit>((done) => {
      exited = done;
    });
    spawner.spawn(
      { launch: full, offer: "sealed", descriptors },
      {
        spawned: (child) => {
          let text = "";
          const said = new Promise<string>((done) => {
            child.channel.setEncoding("utf8").on("data", (part) => {
              text += part;
            });
            child.channel.on("error", () => {}).on("close", () => done(text));
          });
          resolve({ child, said, exit });
        },
        failed: reject,
        exited: (code, signal) => exited({ code, signal }),
      },
    );
  });
}

const script = (text: string) => ({ argv: ["-c", text] });
const descriptorsOpen = () => readdirSync("/proc/self/fd").length;

describe.each(spawners)("%s", (_, spawner) => {
  test("a child gets its program, arguments, directory, environment and offer", async () => {
    const { said } = await start(spawner, {
      argv: ["-c", 'echo "$0,$1,$PWD,$A,$B,$HEIRLOOM_OFFER" >&3', "one", "t w o"],
      cwd: tmpdir(),
      env: { A: "ä=1", B: undefined },
    });
    expect(await said).toBe(`one,t w o,${tmpdir()},ä=1,,sealed\n`);
  });

  test("a child leads a session of its own", async () => {
    const { child, said } = await start(spawner, script("cat /proc/$$/stat >&3"));
    // Behind the name: state, parent, process group, session.
    expect((await said).split(") ")[1]?.split(" ").slice(1, 4)).toEqual(
      [process.pid, child.pid, child.pid].map(String),
    );
  });

  test("no signal is ignored or blocked in a child", async () => {
    // By the shell itself: while it starts another program, it blocks all signals for a moment.
    const read = "while read -r line; do case $line in SigIgn*|SigBlk*) echo $line;; esac; done";
    const { said } = await start(spawner, script(`${read} </proc/$$/status >&3`));
    expect((await said).match(/[0-9a-f]{16}/g)).toEqual(["0".repeat(16), "0".repeat(16)]);
  });

  test("descriptors arrive in order behind the channel, each of them once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "heirloom-spawner-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const files = Array.from({ length: 12 }, (_, index) => openSync(join(folder, String(index)), "w"));
    onTestFinished(() => files.forEach(closeSync));
    // From the highest to the lowest: a number that is a source is a target, too.
    const passed = [...files].reverse();
    const { said } = await start(spawner, script("stat -L -c %n,%i /proc/$$/fd/* >&3"), passed);
    const seen = new Map(
      (await said).split("\n").map((line) => line.replace(/.*\//, "").split(",") as [string, string]),
    );
    for (const [index, file] of passed.entries()) {
      const inode = String(fstatSync(file).ino);
      const numbers = [...seen.keys()].filter((number) => seen.get(number) === inode);
      expect(numbers).toEqual([String(firstListenerDescriptor + index)]);
    }
  });

  test("standard streams are inherited, and block", async () => {
    const { said } = await start(spawner, script("grep -h flags /proc/$$/fdinfo/[012] >&3"));
    const flags = [...(await said).matchAll(/flags:\s*([0-7]+)/g)].map(([, octal]) => octal ?? "");
    expect(flags).toHaveLength(3);
    for (const octal of flags) expect(Number.parseInt(octal, 8) & 0o4000).toBe(0);
  });

  test("both sides talk over the channel", async () => {
    const { child, said } = await start(spawner, script('read line <&3; echo "got $line" >&3'));
    child.channel.write("word\n");
    expect(await said).toBe("got word\n");
  });

  test.each([
    ["a status", "exit 7", { code: 7, signal: null }],
    ["a signal", "kill -TERM $$", { code: null, signal: "SIGTERM" }],
  ])("an exit with %s is told, and leaves no zombie", async (_, text, expected) => {
    const { child, exit } = await start(spawner, script(text));
    expect(await exit).toEqual(expected);
    expect(child.exited).toBe(true);
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
  });

  test("several exits at once are each told", async () => {
    const codes = [1, 2, 3, 4, 5, 6, 7, 8];
    const started = await Promise.all(
      codes.map((code) => start(spawner, script(`read line <&3; exit ${code}`))),
    );
    for (const { child } of started) child.channel.write("go\n");
    expect(await Promise.all(started.map(async ({ exit }) => (await exit).code))).toEqual(codes);
  });

  test("SIGKILL ends a child, and does nothing to one that has exited", async () => {
    const { child, exit } = await start(spawner, script("read line <&3"));
    expect(child.exited).toBe(false);
    child.kill();
    expect(await exit).toEqual({ code: null, signal: "SIGKILL" });
    child.kill();
    expect(child.exited).toBe(true);
  });

  test.each([
    ["program", { execPath: "/nonexistent/program" }, "/nonexistent/program"],
    ["directory", { cwd: "/nonexistent" }, "/nonexistent"],
  ])("a %s that is not there is told, and costs no descriptor", async (_, launch, named) => {
    const before = descriptorsOpen();
    const failures = 20;
    for (let failure = 0; failure < failures; failure += 1) {
      const error: HandoffError = await start(spawner, launch).then(
        () => expect.unreachable(),
        (reason) => reason,
      );
      expect(error.code).toBe("SPAWN_FAILED");
      expect(error.message).toContain("ENOENT");
      expect(error.message).toContain(named);
    }
    await eventually("the descriptors are closed", () => descriptorsOpen() < before + failures / 2);
  });
});

test.skipIf(process.platform !== "linux")("a channel that cannot be made costs no descriptor", async () => {
  let made = 0;
  const socketPair = () => {
    made += 1;
    if (made % 2 === 0) throw Object.assign(new Error("no descriptor is left"), { code: "EMFILE" });
    return posix.socketPair();
  };
  const spawner = posixSpawner({ ...posix, socketPair });
  const before = descriptorsOpen();
  for (let failure = 1; failure <= 5; failure += 1) {
    await expect(start(spawner, {})).rejects.toThrow("EMFILE");
    expect(made).toBe(2 * failure);
  }
  expect(descriptorsOpen()).toBe(before);
});

// Red where a rehearsal starts a program that is there, or keeps a descriptor.
test.skipIf(process.platform !== "linux")("a rehearsal starts nothing and leaves nothing open", () => {
  const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  const before = { children: children(), descriptors: descriptorsOpen() };
  for (let round = 0; round < 5; round += 1) posix.rehearse();
  expect({ children: children(), descriptors: descriptorsOpen() }).toEqual(before);
});
