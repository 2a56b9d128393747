import { type Failure, allDeadlines as late, type Scenario, scenario } from "./scenario.js";

const failures: readonly Failure[] = ["spawn", "park", "preparation", "state"];
const chain = { generations: 3, handoffs: 2 } as const;

/** What `npm test` explores. `late`: everything that is waited for is late, and its deadline may pass. */
export const scenarios: readonly Scenario[] = [
  scenario("calm"),
  scenario("calm, with state", { stateful: true }),
  scenario("calm, versions do not meet", { versionsMeet: false }),
  scenario("calm, three generations", chain),
  scenario("connections that stay, three generations", { ...chain, handoffs: 3, drains: false }),
  scenario("obedience: nobody needs SIGKILL", {
    deadlines: ["ready", "park"],
    failures,
    stateful: true,
    terminations: 1,
    garbage: 1,
  }),
  scenario("deadlines", late),
  scenario("one crash", { ...late, crashes: 1 }),
  scenario("one crash, with state", { ...late, crashes: 1, stateful: true, handoffs: 2 }),
  scenario("two crashes", { ...late, crashes: 2, handoffs: 2 }),
  scenario("failures", { ...late, stateful: true, failures }),
  scenario("failures, and nothing late", { failures, stateful: true, handoffs: 2 }),
  scenario("a failure and a crash", { ...late, stateful: true, failures, crashes: 1 }),
  scenario("the end", { ...late, terminations: 1, stateful: true, failures: ["spawn"] }),
  scenario("the end, twice, and a crash", { ...late, terminations: 2, crashes: 1 }),
  scenario("a hang", { ...late, hangs: 1, stateful: true, failures: ["preparation", "park"] }),
  scenario("a hang and the end", { ...late, hangs: 1, terminations: 1, stateful: true }),
  scenario("a hang and a crash", { ...late, hangs: 1, crashes: 1 }),
  scenario("a hang and a closed channel", { ...late, hangs: 1, closings: 1, stateful: true }),
  scenario("garbage", { ...late, garbage: 1, stateful: true }),
  scenario("garbage and a hang", { ...late, garbage: 1, hangs: 1, stateful: true }),
  scenario("garbage and a crash", { ...late, garbage: 1, crashes: 1 }),
  scenario("a closed channel", { ...late, closings: 1, stateful: true }),
  scenario("a closed channel and a crash", { ...late, closings: 1, crashes: 1 }),
  scenario("versions do not meet, and a crash", { ...late, versionsMeet: false, crashes: 1 }),
  scenario("versions do not meet, and a hang", { ...late, versionsMeet: false, hangs: 1 }),
  scenario("a second request", { ...late, handoffs: 2, stateful: true, failures }),
  scenario("a second request, and the end", { ...late, handoffs: 2, terminations: 1 }),
  scenario("three generations", { ...late, ...chain }),
  scenario("three generations, one crash", { ...late, ...chain, crashes: 1 }),
  scenario("three generations, the end", { ...late, ...chain, terminations: 1 }),
  scenario("three generations, a hang", { ...late, ...chain, hangs: 1 }),
  scenario("three generations, a closed channel", { ...late, ...chain, closings: 1 }),
];

/** What `--deep` explores besides. */
export const deepScenarios: readonly Scenario[] = [
  scenario("deep: everything between two", {
    ...late,
    stateful: true,
    failures,
    handoffs: 2,
    crashes: 1,
    terminations: 1,
    hangs: 1,
    garbage: 1,
    closings: 1,
  }),
  scenario("deep: three requests, two crashes", { ...late, generations: 3, handoffs: 3, crashes: 2 }),
  scenario("deep: four generations, two crashes", { ...late, generations: 4, handoffs: 3, crashes: 2 }),
  scenario("deep: four generations, the end, a crash", {
    ...late,
    generations: 4,
    handoffs: 3,
    terminations: 1,
    crashes: 1,
  }),
  scenario("deep: three, a hang, a crash, the end", {
    ...late,
    ...chain,
    hangs: 1,
    crashes: 1,
    terminations: 1,
  }),
  scenario("deep: three, garbage, two crashes", { ...late, ...chain, garbage: 1, crashes: 2 }),
  scenario("deep: three, a closed channel, two crashes", { ...late, ...chain, closings: 1, crashes: 2 }),
  scenario("deep: three, with state, failures, a crash", {
    ...late,
    ...chain,
    stateful: true,
    failures,
    crashes: 1,
  }),
];
