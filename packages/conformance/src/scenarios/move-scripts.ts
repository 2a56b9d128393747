import { eventually } from "../eventually.js";
import type { Connection } from "../load/connection.js";
import type { Play } from "../play.js";
import { expect, handOver, type Scenario, type Survivor } from "../scenario.js";
import { untilAnsweredBy } from "./moves.js";
import { argumentsOf, compare, messages } from "./scripts.js";

/** A script about connections, three of which are kept by clients; what it reads, and what becomes of the clients. */
interface MoveScript {
  readonly behaviour: string;
  readonly reads: readonly string[];
  readonly survivor?: Survivor;
  readonly drainMs?: number;
  readonly afterwards: Afterwards;
}

const clients = 3;
const features = ["connections"];

type Afterwards = (play: Play, kept: readonly Connection[], child: number) => Promise<void>;

/** The child is gone, and its parent goes on with every connection. */
const backAtTheParent: Afterwards = async (play, kept, child) => {
  await play.program.untilDead(child);
  // One script stops it.
  play.program.signal("SIGCONT");
  await untilAnsweredBy(kept, 1);
};

/** The parent reads again while the child, which takes nothing, lives; and also when that is killed. */
const refused: Afterwards = async (play, kept, child) => {
  const batches = () => messages(play).filter((type) => type === "connections").length;
  await eventually("a second batch comes", () => batches() > 1);
  await untilAnsweredBy(kept, 1);
  play.program.signal("SIGKILL", child);
  await backAtTheParent(play, kept, child);
};

/** The parent reads again while the child lives, and moves nothing more. */
const declined: Afterwards = async (play, kept, child) => {
  await eventually("a batch comes", () => messages(play).includes("connections"));
  for (const connection of kept) {
    const how = await connection.get("/whoami");
    expect(
      typeof how !== "string" && how.who.generation === 1,
      `what the child declined was ${typeof how === "string" ? how : `answered by generation ${how.who.generation}`}`,
    );
  }
  play.program.signal("SIGKILL", child);
  await play.program.untilDead(child);
};

/** What it wrote ends nothing: it is owner. Only its death gives the connections back. */
const uselessUntilKilled: Afterwards = async (play, kept, child) => {
  await eventually("a batch comes", () => messages(play).includes("connections"));
  play.program.signal("SIGKILL", child);
  await backAtTheParent(play, kept, child);
};

const toParents: readonly MoveScript[] = [
  { behaviour: "adopts fewer connections than came", reads: ["commit", "connections"], afterwards: refused },
  { behaviour: "adopts no connections", reads: ["commit", "connections"], afterwards: refused },
  { behaviour: "declines a batch", reads: ["commit", "connections"], afterwards: declined },
  {
    behaviour: "adopts more connections than came",
    reads: ["commit", "connections"],
    afterwards: uselessUntilKilled,
  },
  { behaviour: "answers another batch", reads: ["commit", "connections"], afterwards: uselessUntilKilled },
  { behaviour: "dies with a batch", reads: ["commit", "connections"], afterwards: backAtTheParent },
  { behaviour: "dies behind its answer", reads: ["commit", "connections"], afterwards: backAtTheParent },
  {
    behaviour: "never answers a batch",
    reads: ["commit", "connections", "farewell"],
    survivor: "nobody",
    drainMs: 1_000,
    async afterwards(play, kept) {
      await play.program.untilExited();
      await closed(kept);
    },
  },
];

const begun = ["accept", "ready", "committed", "connections-awaited"];
const adopted = [...begun, "connections-adopted"];
const inTheChild: Afterwards = (_play, kept) => untilAnsweredBy(kept, 2);
const closedByTheChild: Afterwards = async (play, kept) => {
  await play.program.untilExited();
  await closed(kept);
};

const toChildren: readonly MoveScript[] = [
  { behaviour: "moves connections", reads: adopted, afterwards: inTheChild },
  {
    behaviour: "moves connections, with late bytes",
    reads: adopted,
    async afterwards(_play, kept) {
      // The parent reads this request, and the child answers it.
      await untilAnsweredBy(kept.slice(0, 1), 2);
    },
  },
  { behaviour: "moves connections, late bytes where it was still", reads: adopted, afterwards: inTheChild },
  { behaviour: "moves connections, a batch out of turn", reads: begun, afterwards: closedByTheChild },
  {
    behaviour: "moves connections, noise instead of a batch",
    reads: [...begun, "connections-awaited"],
    afterwards: closedByTheChild,
  },
  {
    behaviour: "moves connections, and dies before they are released",
    reads: adopted,
    afterwards: inTheChild,
  },
  {
    behaviour: "moves connections that were not still, and dies before they are released",
    reads: adopted,
    afterwards: closedByTheChild,
  },
  {
    behaviour: "moves connections, announces more than it sends",
    reads: [...adopted, "connections-adopted"],
    afterwards: inTheChild,
  },
  {
    behaviour: "moves connections, descriptors without a message",
    reads: adopted,
    async afterwards(play, [first, ...others]) {
      await play.program.untilExited();
      await untilAnsweredBy(others, 2);
      await closed([first!]);
    },
  },
];

/** Nobody has these connections any more: their clients are told so, and do not wait. */
async function closed(kept: readonly Connection[]): Promise<void> {
  for (const connection of kept) {
    const how = await connection.get("/whoami");
    expect(
      how === "truncated" || how === "reset",
      `a connection that nobody has was ${typeof how === "string" ? how : `answered by generation ${how.who.generation}`}`,
    );
  }
}

const scenarioOf = (script: MoveScript, of: "child" | "parent"): Scenario => ({
  name: `a ${of}'s script: ${script.behaviour}`,
  survivor: script.survivor ?? (of === "child" ? 1 : 2),
  withoutLoad: true,
  parent: {
    ...(of === "parent" ? { args: argumentsOf(script.behaviour) } : { features }),
    ...(script.drainMs ? { deadlines: { drainMs: script.drainMs } } : {}),
  },
  child: of === "child" ? { args: argumentsOf(script.behaviour) } : { features },
  async play(play) {
    const kept = await play.keptConnections(clients);
    await handOver(play);
    const child = await eventually("a child is started", () => play.program.successors[0]);
    await script.afterwards(play, kept, child);
  },
  after: (play) => compare(script, play, { repeats: of === "parent" }),
});

export const moveScriptsForParents = toParents.map((script) => scenarioOf(script, "child"));
export const moveScriptsForChildren = toChildren.map((script) => scenarioOf(script, "parent"));
