import { expect, test } from "vitest";
import { checkListenOptions, type ListenOptions } from "../../src/listener/options.js";
import { type GenerationOptions, settle } from "../../src/options.js";

test("every option has a default", () => {
  const { deadlinesMs, signals, spawn } = settle({});
  expect(deadlinesMs).toEqual({
    ready: 30_000,
    park: 5_000,
    commit: 5_000,
    drain: 30_000,
    exit: 5_000,
    relinquish: 5_000,
  });
  expect(signals).toBe(true);
  expect(spawn).toEqual({});
});

test("one deadline can be set, and the others keep their defaults", () => {
  expect(settle({ drainDeadlineMs: 60_000 }).deadlinesMs).toMatchObject({ drain: 60_000, ready: 30_000 });
});

test("log: false says nothing, and a function takes each line", () => {
  const lines: string[] = [];
  settle({ log: (line) => lines.push(line) }).log("one");
  settle({ log: false }).log("two");
  expect(lines).toEqual(["one"]);
});

test.each<[GenerationOptions, string]>([
  [
    { drain: { generationsMax: 0 } },
    "drain.generationsMax must be a whole number from 1 to 4294967295, not 0: each handoff leaves one generation that drains",
  ],
  [
    { drain: { generationsMax: 1.5 } },
    "drain.generationsMax must be a whole number from 1 to 4294967295, not 1.5: each handoff leaves one generation that drains",
  ],
  [{ rehearse: "/" } as never, "rehearse must be a function or a list of requests"],
  [{ rehearse: [{ path: "api" }] }, "rehearse[0].path must be a string that begins with a slash"],
  [{ rehearse: [{ path: "/" }, {}] } as never, "rehearse[1].path must be a string that begins with a slash"],
  [{ rehearse: [{ path: "/", times: 0 }] }, "rehearse[0].times must be a whole number from 1 to 10000"],
  [{ compileCache: "" }, "compileCache must be the path of a folder, or false"],
])("%j is refused", (options, message) => {
  expect(() => settle(options)).toThrowError(expect.objectContaining({ code: "OPTION_INVALID", message }));
});

test.each([
  [
    { readyDeadlineMs: 0 },
    "readyDeadlineMs must be a whole number of milliseconds from 1 to 2147483647, not 0",
  ],
  [
    { drainDeadlineMs: 1.5 },
    "drainDeadlineMs must be a whole number of milliseconds from 1 to 2147483647, not 1.5",
  ],
  [
    { parkDeadlineMs: 2 ** 31 },
    "parkDeadlineMs must be a whole number of milliseconds from 1 to 2147483647, not 2147483648",
  ],
  [
    { exitDeadlineMs: "5" },
    "exitDeadlineMs must be a whole number of milliseconds from 1 to 2147483647, not 5",
  ],
  [{ signals: "no" }, "signals must be true or false"],
  [{ log: "stdout" }, "log must be a function or false"],
])("%j is refused: %s", (options, message) => {
  expect(() => settle(options as GenerationOptions)).toThrow(
    expect.objectContaining({ name: "HandoffError", code: "OPTION_INVALID", message }),
  );
});

test.each([
  [{ drainTimeout: 5 }, /^there is no option drainTimeout: use one of .*\bdrainDeadlineMs\b/],
  [{ drain: { idleMS: 5 } }, /^there is no option drain\.idleMS: use one of idleMs, generationsMax$/],
  [{ spawn: { cmd: "node" } }, /^there is no option spawn\.cmd: use one of execPath, .*$/],
])("an option that does not exist is refused with those that do: %j", (options, message) => {
  const error = { code: "OPTION_INVALID", message: expect.stringMatching(message) };
  expect(() => settle(options as GenerationOptions)).toThrow(expect.objectContaining(error));
});

test("an option of the generation among those of a listener is told where it belongs", () => {
  const options = { port: 80, control: false };
  const message = expect.stringMatching(
    /^listener "default": there is no option control of a listener: use one of name, port, .*; options of the generation.* third one of serve\(\)$/,
  );
  expect(() => checkListenOptions(options)).toThrow(
    expect.objectContaining({ code: "LISTENER_INVALID", message }),
  );
});

test("a listener is called default and queues 511 clients where nothing else is said", () => {
  expect(checkListenOptions({ port: 80 })).toEqual({ name: "default", port: 80, backlog: 511 });
});

test.each([
  [{}, "give either a port or a path"],
  [{ port: 1, path: "/a" }, "give either a port or a path"],
  [{ port: -1 }, "port -1 is not a whole number from 0 to 65535"],
  [{ port: 65_536 }, "port 65536 is not a whole number from 0 to 65535"],
  [{ port: "80" }, "port 80 is not a whole number from 0 to 65535"],
  [{ port: 80, host: "" }, "the host must be a name or an address"],
  [{ path: "" }, "the path is empty"],
  [{ path: "\0" }, "the path is empty"],
  [
    { path: `/${"a".repeat(107)}` },
    "the path is 108 bytes long, and the system takes 107: use a shorter one",
  ],
  [{ port: 80, backlog: 0 }, "backlog 0 is not a whole number of at least 1"],
  [{ port: 80, mode: 0o600 }, "a mode belongs to a path"],
  [{ path: "/a", mode: 0o1000 }, "the mode must be from 0 to 0o777"],
  [{ path: "/a", host: "::" }, "a path has no host"],
])("a listener with %j is refused: %s", (options, message) => {
  expect(() => checkListenOptions(options as ListenOptions)).toThrow(
    expect.objectContaining({ code: "LISTENER_INVALID", message: `listener "default": ${message}` }),
  );
});

test.each(["", "n".repeat(65)])("a listener cannot be called %j", (name) => {
  expect(() => checkListenOptions({ name, port: 80 })).toThrow(
    expect.objectContaining({ code: "LISTENER_INVALID" }),
  );
});
