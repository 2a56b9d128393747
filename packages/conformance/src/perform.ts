import type { Implementation } from "./implementation.js";
import { whoami } from "./load/connection.js";
import type { Failed } from "./load/load.js";
import { Play, supports } from "./play.js";
import type { Release } from "./program.js";
import { expect, type Scenario } from "./scenario.js";

export type Result =
  | { readonly outcome: "passed" }
  /** One of the two programs says that it cannot be what the scenario needs. */
  | { readonly outcome: "unsupported"; readonly by: string }
  | { readonly outcome: "failed"; readonly reason: string; readonly log: string };

/** Performs a scenario once, judges it, and leaves nothing behind. */
export async function perform(
  scenario: Scenario,
  parent: Implementation,
  child: Implementation,
): Promise<Result> {
  const play = new Play(parent, child);
  try {
    await play.reservePorts("web", ...(scenario.ports ?? []));
    for (const name of scenario.occupied ?? []) await play.occupyPort(name);
    const release = play.release(scenario.parent ?? {}, scenario.child ?? {}, scenario.third);
    const unable = await findUnable(scenario, release, parent, child);
    if (unable !== undefined) return { outcome: "unsupported", by: unable.name };
    await play.start(release, { withLoad: !scenario.withoutLoad });
    await scenario.play(play);
    await conclude(play, scenario);
    scenario.after?.(play);
    return { outcome: "passed" };
  } catch (error) {
    return { outcome: "failed", reason: (error as Error).message, log: logOf(play) };
  } finally {
    await play.end();
  }
}

/** Asks for every role that the performance needs: one in the middle is a child, and then a parent. */
async function findUnable(
  { survivor, third }: Scenario,
  release: Release,
  parent: Implementation,
  child: Implementation,
): Promise<Implementation | undefined> {
  if (!(await supports(release, "parent"))) return parent;
  const second = release.child;
  if (second === undefined) return undefined;
  if (!(await supports(second, "child"))) return child;
  if (survivor !== 3 && third === undefined) return undefined;
  const { fault: _, ...middle } = second;
  if (!(await supports(middle, "parent"))) return child;
  return second.child && !(await supports(second.child, "child")) ? parent : undefined;
}

function logOf(play: Play): string {
  try {
    return play.program.log;
  } catch {
    return "";
  }
}

async function conclude(play: Play, scenario: Scenario): Promise<void> {
  const { program } = play;
  const { survivor, withoutLoad } = scenario;
  if (survivor !== "nobody") {
    const { pid } = await program.untilGeneration(survivor);
    await program.untilAlone(pid);
    await play.untilLoadIsServedBy(pid);
    await play.stopLoad();
    if (!withoutLoad) judgeLoad(play, scenario);
    const still = await whoami(program.target);
    expect(still.pid === pid, `process ${still.pid} answers, not ${pid}`);
    program.signal("SIGTERM", pid);
  }
  await program.untilGone();
}

/** INV-1 to INV-4 from outside. */
function judgeLoad(play: Play, { survivor, uncommitted }: Scenario): void {
  const { loadResult, killed } = play;
  if (loadResult === undefined) throw new Error("there was no load");
  const harmed = loadResult.failures.filter((failure) => !isExcused(failure, killed));
  expect(
    harmed.length === 0,
    `clients were harmed: ${harmed.map(({ how, server }) => `${how} (served by ${server ?? "nobody yet"})`).join(", ")}`,
  );
  const { servers, backwards } = loadResult;
  expect(!uncommitted || servers.length === 1, "a child that was never owner has answered clients");
  // A generation that took the service back answers anew.
  expect(
    survivor === 1 || backwards === 0,
    `${backwards} clients were answered by a generation that had handed over before they came`,
  );
}

/** Only what a killed process had accepted: never a refusal, and nothing that was begun after its death. */
function isExcused({ how, server, begunAt, port }: Failed, killed: Play["killed"]): boolean {
  if (killed === undefined || (how !== "reset" && how !== "truncated")) return false;
  if (server === undefined) return begunAt <= killed.at;
  return server === killed.pid || (port !== undefined && killed.clients?.has(port) === true);
}
