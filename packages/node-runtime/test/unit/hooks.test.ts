import { expect, test } from "vitest";
import { Hooks } from "../../src/hooks.js";

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
  const resume = hooks.runResume();
  expect(seen).toEqual([]);
  release();
  await Promise.all([retire, resume]);
  expect(seen).toEqual(["retired", "resumed"]);
});

test("what was not retired is not resumed, and what is retired is not retired again", async () => {
  const hooks = new Hooks();
  const seen: string[] = [];
  hooks.retire.push(() => seen.push("retired"));
  hooks.resume.push(() => seen.push("resumed"));
  expect(hooks.runResume()).toBeUndefined();
  await hooks.runRetire();
  expect(hooks.runRetire()).toBeUndefined();
  await hooks.runResume();
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
  await hooks.runResume();
  expect(seen).toEqual(["resumed"]);
});

test("without hooks there is nothing to wait for", () => {
  const hooks = new Hooks();
  expect([hooks.runRetire(), hooks.runResume(), hooks.runExit()]).toEqual([undefined, undefined, undefined]);
});
