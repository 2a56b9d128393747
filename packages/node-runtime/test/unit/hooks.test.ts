import { expect, test, vi } from "vitest";
import { Hooks } from "../../src/hooks.js";

const resume = (hooks: Hooks) => hooks.runResume(60_000, () => {});

test("hooks of one kind run one after the other, in the order in which they were given", async () => {
  const hooks = new Hooks();
  const seen: string[] = [];
  let release = () => {};
  hooks.retire.push(
    async () => {
      seen.push("first begins");
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      seen.push("first ends");
    },
    () => seen.push("second"),
  );
  const run = hooks.runRetire();
  await Promise.resolve();
  expect(seen).toEqual(["first begins"]);
  release();
  await run;
  expect(seen).toEqual(["first begins", "first ends", "second"]);
});

test("a resume waits for the retire that it undoes", async () => {
  const hooks = new Hooks();
  const seen: string[] = [];
  let release = () => {};
  hooks.retire.push(
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    () => seen.push("retired"),
  );
  hooks.resume.push(() => seen.push("resumed"));
  const retire = hooks.runRetire();
  await Promise.resolve();
  const resumed = resume(hooks);
  expect(seen).toEqual([]);
  release();
  await Promise.all([retire, resumed]);
  expect(seen).toEqual(["retired", "resumed"]);
});

// Red when the resume waits for ever, as all hooks of all later handoffs would; or when hooks run on after it.
test("a retire that does not return in time is not waited for", async () => {
  const hooks = new Hooks();
  const seen: string[] = [];
  const log: string[] = [];
  let release = () => {};
  const hangs = () => new Promise<void>((resolve) => (release = resolve));
  hooks.retire.push(hangs, () => seen.push("retired"));
  hooks.resume.push(() => seen.push("resumed"));
  const retire = hooks.runRetire();
  await hooks.runResume(50, (line) => log.push(line));
  expect(seen).toEqual(["resumed"]);
  expect(log).toEqual([expect.stringMatching(/^the application's onRetire hook hangs has not returned/)]);
  release();
  await retire;
  hooks.retire.shift();
  await hooks.runRetire();
  await resume(hooks);
  expect(seen).toEqual(["resumed", "retired", "resumed"]);
});

/** Hooks of which the retire has not returned in time, and was given up: `seen` has the resume that followed. */
async function givenUp() {
  const hooks = new Hooks();
  const seen: string[] = [];
  let release = () => {};
  hooks.retire.push(() => new Promise<void>((resolve) => (release = resolve)));
  hooks.resume.push(() => seen.push("resumed"));
  const retire = hooks.runRetire();
  await hooks.runResume(50, () => {});
  const returns = () => {
    release();
    return retire;
  };
  return { hooks, seen, returns };
}

// Red when what it stopped stays stopped.
test("a retire that returns after its resume is resumed once more", async () => {
  const { seen, returns } = await givenUp();
  await returns();
  await vi.waitFor(() => expect(seen).toEqual(["resumed", "resumed"]));
});

// Red when nobody looks whether it is to be undone.
test("a retire that returns after its resume is not resumed where another one has begun", async () => {
  const { hooks, seen, returns } = await givenUp();
  hooks.retire.shift();
  hooks.runRetire();
  await returns();
  await new Promise(setImmediate);
  expect(seen).toEqual(["resumed"]);
});

test("what was not retired is not resumed, and what is retired is not retired again", async () => {
  const hooks = new Hooks();
  const seen: string[] = [];
  hooks.retire.push(() => seen.push("retired"));
  hooks.resume.push(() => seen.push("resumed"));
  expect(resume(hooks)).toBeUndefined();
  await hooks.runRetire();
  expect(hooks.runRetire()).toBeUndefined();
  await resume(hooks);
  await hooks.runRetire();
  expect(seen).toEqual(["retired", "resumed", "retired"]);
});

test("a hook that fails is reported with its cause, and the following kinds still run", async () => {
  const hooks = new Hooks();
  const cause = new Error("the queue is gone");
  hooks.retire.push(() => {
    throw cause;
  });
  const seen: string[] = [];
  hooks.resume.push(() => seen.push("resumed"));
  await expect(hooks.runRetire()).rejects.toMatchObject({
    code: "HOOK_FAILED",
    message: "the application's onRetire hook failed (the queue is gone): see the cause",
    cause,
  });
  await resume(hooks);
  expect(seen).toEqual(["resumed"]);
});

test("without hooks there is nothing to wait for", () => {
  const hooks = new Hooks();
  expect([hooks.runRetire(), resume(hooks), hooks.runExit()]).toEqual([undefined, undefined, undefined]);
});
