import { type Failure, type Scenario, scenario } from "./scenario.js";

const failures: readonly Failure[] = ["spawn", "park", "preparation", "state"];
const deadlines = true;

/** What `npm test` explores. */
export const scenarios: readonly Scenario[] = [
  scenario("calm"),
  scenario("calm, with state", { stateful: true }),
  scenario("calm, versions do not meet", { versionsMeet: false }),
  scenario("calm, three generations", { generations: 3, handoffs: 2 }),
  scenario("deadlines", { deadlines }),
  scenario("one crash", { deadlines, crashes: 1 }),
  scenario("one crash, with state", { deadlines, crashes: 1, stateful: true }),
  scenario("two crashes", { deadlines, crashes: 2 }),
  scenario("failures", { deadlines, stateful: true, failures }),
  scenario("a failure and a crash", { deadlines, stateful: true, failures, crashes: 1 }),
  scenario("the end of the service", { deadlines, terminations: 1 }),
  scenario("the end of the service, twice, and a crash", { deadlines, terminations: 2, crashes: 1 }),
  scenario("a child hangs", { deadlines, hangs: 1, stateful: true }),
  scenario("a child hangs, and a crash", { deadlines, hangs: 1, crashes: 1 }),
  scenario("garbage", { deadlines, garbage: 1, stateful: true }),
  scenario("garbage and a crash", { deadlines, garbage: 1, crashes: 1 }),
  scenario("a closed channel", { deadlines, closings: 1, stateful: true }),
  scenario("a closed channel and a crash", { deadlines, closings: 1, crashes: 1 }),
  scenario("versions do not meet, and a crash", { deadlines, versionsMeet: false, crashes: 1 }),
  scenario("a second request", { deadlines, handoffs: 2 }),
  scenario("a second request, and the end", { deadlines, handoffs: 2, terminations: 1 }),
  scenario("three generations", { deadlines, generations: 3, handoffs: 2 }),
  scenario("three generations, one crash", { deadlines, generations: 3, handoffs: 2, crashes: 1 }),
];
