import { eventually } from "../eventually.js";
import { whoami } from "../load/connection.js";
import type { Play } from "../play.js";
import { expect, handOver, type Scenario } from "../scenario.js";

/** Longer than a handoff takes, shorter than the drain deadline. */
const slowMs = 4_000;

export const courses: readonly Scenario[] = [
  { name: "normal", survivor: 2, play: handOver },
  {
    name: "normal, with a request under way",
    survivor: 2,
    async play(play) {
      const slow = await play.slowRequest(1_000);
      await handOver(play);
      await answeredBy(slow, play.program.pid);
    },
  },
  {
    name: "there and back",
    survivor: 3,
    async play(play) {
      await handOver(play);
      const { pid } = await play.program.untilGeneration(2);
      await play.program.untilAlone(pid);
      play.program.signal("SIGHUP", pid);
    },
  },
  {
    name: "a third generation while the first still drains",
    survivor: 3,
    async play(play) {
      const slow = await play.slowRequest(slowMs);
      await handOver(play);
      const { pid } = await play.program.untilGeneration(2);
      let answered = false;
      void slow.answer.then(() => {
        answered = true;
      });
      play.program.signal("SIGHUP", pid);
      await play.program.untilGeneration(3);
      expect(!answered, "generation 1 did not make way for generation 3 while it drained");
      await answeredBy(slow, play.program.pid);
    },
  },
  {
    name: "a second SIGHUP before ready",
    survivor: 3,
    child: { fault: { role: "child", step: "before-ready", action: "stop" } },
    async play(play) {
      await handOver(play);
      const child = await play.program.untilSuccessorStopped();
      await handOver(play);
      await handOver(play);
      play.program.signal("SIGCONT", child);
    },
  },
  {
    name: "a Unix-domain socket, inherited",
    survivor: 2,
    parent: { listeners: (play) => [play.tcp("web"), play.unix("admin")] },
    child: { listeners: (play) => [play.unix("admin"), play.tcp("web")] },
    async play(play) {
      await handOver(play);
      await play.program.untilGeneration(2);
      const { generation } = await whoami(pathOf(play));
      expect(generation === 2, `generation ${generation} answers at the path`);
    },
  },
  {
    name: "a listener that is created",
    survivor: 2,
    ports: ["more"],
    child: { listeners: (play) => [play.tcp("web"), play.tcp("more")] },
    async play(play) {
      await handOver(play);
      await play.program.untilGeneration(2);
      const { generation } = await whoami(play.target("more"));
      expect(generation === 2, `generation ${generation} answers at the new port`);
    },
  },
  {
    name: "listeners that are dropped",
    survivor: 2,
    ports: ["more"],
    parent: { listeners: (play) => [play.tcp("more"), play.tcp("web"), play.unix("admin")] },
    async play(play) {
      await handOver(play);
      await play.program.untilGeneration(2);
      await nobodyAnswers(play, "more");
      await eventually("the path is removed", () =>
        whoami(pathOf(play)).then(
          () => false,
          (error: Error) => /refused/.test(error.message),
        ),
      );
    },
  },
  {
    name: "a listener whose address changes",
    survivor: 2,
    ports: ["more", "changed"],
    parent: { listeners: (play) => [play.tcp("web"), play.tcp("more")] },
    child: { listeners: (play) => [play.tcp("web"), play.tcp("more", "changed")] },
    async play(play) {
      await handOver(play);
      await play.program.untilGeneration(2);
      const { generation } = await whoami(play.target("changed"));
      expect(generation === 2, `generation ${generation} answers at the new port`);
      await nobodyAnswers(play, "more");
    },
  },
];

function pathOf(play: Play): { readonly path: string } {
  const config = play.unix("admin");
  if (config.kind !== "unix") throw new Error("not a path");
  return { path: config.path };
}

async function nobodyAnswers(play: Play, name: string): Promise<void> {
  await eventually("nobody listens at the dropped port", () =>
    whoami(play.target(name)).then(
      () => false,
      (error: Error) => /refused/.test(error.message),
    ),
  );
}

/** INV-4: what a generation accepted gets its answer from it. */
export async function answeredBy(
  { answer }: { readonly answer: Promise<{ readonly pid: number } | string> },
  pid: number,
): Promise<void> {
  const result = await answer;
  expect(typeof result !== "string", `the request under way was ${result}`);
  expect(result.pid === pid, `the request under way was answered by process ${result.pid}, not ${pid}`);
}
