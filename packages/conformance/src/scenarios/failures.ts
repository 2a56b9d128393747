import type { Play } from "../play.js";
import { handOver, type Scenario } from "../scenario.js";
import { answeredBy } from "./courses.js";

const kills = (role: "parent" | "child", step: string) => ({
  fault: { role, step, action: "kill" as const },
});
const stops = (role: "parent" | "child", step: string) => ({
  fault: { role, step, action: "stop" as const },
});

/** The handoff fails, whoever notices, and generation 1 serves on; clients notice nothing. */
const survived: readonly Scenario[] = [
  {
    name: "refuse: the child speaks other versions",
    survivor: 1,
    uncommitted: true,
    child: { versions: "7-9" },
    play: failedHandoff,
  },
  {
    name: "refuse: the parent speaks other versions",
    survivor: 1,
    uncommitted: true,
    parent: { versions: "7-9" },
    play: failedHandoff,
  },
  {
    name: "abort by the child: it cannot bind a listener",
    survivor: 1,
    uncommitted: true,
    occupied: ["taken"],
    child: { listeners: (play) => [play.tcp("web"), play.tcp("taken")] },
    play: failedHandoff,
  },
  {
    name: "crash: child before accept",
    survivor: 1,
    uncommitted: true,
    child: kills("child", "before-accept"),
    play: failedHandoff,
  },
  {
    name: "crash: child before ready",
    survivor: 1,
    uncommitted: true,
    child: kills("child", "before-ready"),
    play: failedHandoff,
  },
  {
    name: "crash: child after ready",
    survivor: 1,
    child: kills("child", "after-ready"),
    play: failedHandoff,
  },
  {
    name: "crash: child after commit, before committed",
    survivor: 1,
    child: kills("child", "after-commit"),
    play: failedHandoff,
  },
  {
    name: "crash: child right after committed",
    survivor: 1,
    parent: { deadlines: { probationMs: 2_000 } },
    child: kills("child", "after-committed"),
    play: failedHandoff,
  },
  {
    name: "crash: child while the parent drains",
    survivor: 1,
    async play(play) {
      const slow = await play.slowRequest(2_000);
      await handOver(play);
      const { pid } = await play.program.untilGeneration(2);
      await play.kill(pid);
      await answeredBy(slow, play.program.pid);
    },
  },
  {
    name: "deadline: ready",
    survivor: 1,
    uncommitted: true,
    parent: { deadlines: { readyMs: 1_500, exitMs: 500 } },
    child: stops("child", "before-ready"),
    play: failedHandoff,
  },
  {
    name: "deadline: commit, in the parent",
    survivor: 1,
    parent: { deadlines: { commitMs: 2_000 } },
    child: stops("child", "after-commit"),
    play: failedHandoff,
  },
  {
    name: "deadline: commit, in the child",
    survivor: 1,
    uncommitted: true,
    parent: { ...stops("parent", "after-ready"), deadlines: { parkMs: 1_000, commitMs: 1_000 } },
    async play(play) {
      await handOver(play);
      await play.program.untilStopped();
      for (const pid of play.program.successors) await play.program.untilDead(pid);
      play.program.signal("SIGCONT");
    },
  },
];

/** The parent dies, and generation 2 serves; only what the parent had accepted may be lost. */
const taken: readonly Scenario[] = [
  ["crash: parent before accept", "before-accept"],
  ["crash: parent after accept", "after-accept"],
  ["crash: parent after ready", "after-ready"],
  ["crash: parent after commit", "after-commit"],
  ["crash: parent while draining", "draining"],
].map(([name, step]) => ({
  name: name as string,
  survivor: 2,
  parent: kills("parent", step as string),
  async play(play) {
    const { pid } = play.program;
    await handOver(play);
    await play.untilKilled(pid);
  },
}));

/** Somebody ends the service in the middle: everything accepted is answered, and everybody leaves. */
const ended: readonly Scenario[] = [
  {
    name: "abort by the parent: SIGTERM before ready",
    survivor: "nobody",
    child: stops("child", "before-ready"),
    async play(play) {
      await play.stopLoad();
      const slow = await play.slowRequest(1_000);
      await handOver(play);
      const child = await play.program.untilSuccessorStopped();
      play.program.signal("SIGTERM");
      play.program.signal("SIGCONT", child);
      await answeredBy(slow, play.program.pid);
    },
  },
  {
    name: "SIGTERM to the child while the parent drains",
    survivor: "nobody",
    play: (play) => endedWhileDraining(play, (pid) => pid),
  },
  {
    name: "SIGTERM to the parent while it drains",
    survivor: "nobody",
    play: (play) => endedWhileDraining(play, () => play.program.pid),
  },
];

async function endedWhileDraining(play: Play, whom: (child: number) => number): Promise<void> {
  await play.stopLoad();
  const slow = await play.slowRequest(2_000);
  await handOver(play);
  const child = await play.program.untilGeneration(2);
  play.program.signal("SIGTERM", whom(child.pid));
  await answeredBy(slow, play.program.pid);
}

/** Waits until the child that a handoff started is gone. */
async function failedHandoff(play: Play): Promise<void> {
  await handOver(play);
  const pid = await play.program.untilASuccessorIsGone();
  play.killed = { pid, at: performance.now() };
}

export const failures: readonly Scenario[] = [...survived, ...taken, ...ended];
