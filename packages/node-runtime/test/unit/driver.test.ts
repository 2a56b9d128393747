import {
  defaultDeadlinesMs,
  type ParentEffect,
  type ParentEvent,
  parentRole,
  type Role,
} from "@heirloom/protocol";
import { expect, test, vi } from "vitest";
import { Driver } from "../../src/driver.js";

type State = "idle" | "waiting" | "stillWaiting" | "done";
type Event = "begin" | "proceed" | "finish" | "deadlineExpired";
type Effect = "first" | "second";

const role: Role<State, Event, Effect, never> = {
  name: "test",
  initial: ["idle"],
  deadlines: { waiting: "commit", stillWaiting: "commit" },
  table: {
    idle: {
      begin: { next: "waiting", effects: ["first", "second"] },
      proceed: { ignored: "nothing has begun" },
    },
    waiting: {
      proceed: { next: "stillWaiting" },
      finish: { next: "done" },
      deadlineExpired: { next: "done" },
    },
    stillWaiting: { deadlineExpired: { next: "done" } },
    done: {},
  },
};

function start(commitMs: number, effects: Partial<Record<Effect, () => void>> = {}) {
  const states: State[] = [];
  let wake = () => {};
  const driver = new Driver<State, Event, Effect, never>({
    role,
    initial: "idle",
    generation: 1,
    deadlinesMs: { ...defaultDeadlinesMs, commit: commitMs },
    effects: { first: () => {}, second: () => {}, ...effects },
    expired: "deadlineExpired",
    entered: (state) => {
      states.push(state);
      wake();
    },
  });
  const entered = (state: State) =>
    new Promise<void>((resolve) => {
      wake = () => {
        if (states.includes(state)) resolve();
      };
      wake();
    });
  return { driver, states, entered };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a deadline that passes comes back as an event, with the state in which it passed", async () => {
  const { driver, entered } = start(20);
  driver.dispatch("begin");
  driver.dispatch("proceed");
  await entered("done");
  expect(driver.reason).toMatchObject({
    code: "DEADLINE_EXPIRED",
    message:
      "the commit deadline of 20 ms passed while stillWaiting: see what kept the other side, or raise commitDeadlineMs",
  });
});

test("INV-4, D-1: a child that was slow to import has as long as any other to say that it is owner", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const effects = new Proxy({} as Record<ParentEffect, () => void>, { get: () => () => {} });
    const driver = new Driver({
      role: parentRole,
      initial: "serving",
      generation: 1,
      deadlinesMs: defaultDeadlinesMs,
      effects,
      expired: "deadlineExpired" as ParentEvent,
    });
    for (const event of [
      "handoffRequested",
      "childSpawned",
      "acceptReceived",
      "stateWantedReceived",
      "readyReceived",
      "parked",
    ] as const)
      driver.dispatch(event);
    vi.advanceTimersByTime(defaultDeadlinesMs.commit - 1);
    driver.dispatch("stateAdoptedReceived");
    vi.advanceTimersByTime(defaultDeadlinesMs.commit - 1);
    await turn();
    expect(driver.state).toBe("committing");
    vi.advanceTimersByTime(1);
    await turn();
    expect(driver.state).toBe("fencing");
  } finally {
    vi.useRealTimers();
  }
});

// The deadline has fired and waits for one more look at the sockets, and what is found there ends the wait.
test("INV-2: a deadline that fired is void when an event that came before it has left its states", async () => {
  const { driver, states, entered } = start(1);
  // Timers of one length fire in order, and so do immediates: this one comes before the deadline's own.
  setTimeout(() => setImmediate(() => driver.dispatch("finish")), 1);
  driver.dispatch("begin");
  const until = performance.now() + 5;
  while (performance.now() < until);
  await entered("done");
  await turn();
  await turn();
  expect(states).toEqual(["waiting", "done"]);
  expect(driver.reason).toBeUndefined();
});

test("an event that comes up during an effect waits for the last effect", () => {
  const seen: string[] = [];
  const { driver, states } = start(1_000, {
    first: () => {
      seen.push("first");
      driver.dispatch("finish");
      seen.push(driver.state);
    },
    second: () => seen.push("second"),
  });
  driver.dispatch("begin");
  expect(seen).toEqual(["first", "waiting", "second"]);
  expect(states).toEqual(["waiting", "done"]);
});

test("an event that the table ignores changes nothing, and says why", () => {
  const { driver, states } = start(1_000);
  expect(driver.dispatch("proceed")).toBe("nothing has begun");
  expect(driver.state).toBe("idle");
  expect(states).toEqual([]);
});

test("an event without a row is an error, and changes nothing", () => {
  const { driver } = start(1_000);
  expect(() => driver.dispatch("finish")).toThrow(expect.objectContaining({ code: "EVENT_UNEXPECTED" }));
  expect(driver.state).toBe("idle");
  driver.dispatch("begin");
  driver.dispatch("finish");
  expect(driver.state).toBe("done");
});
