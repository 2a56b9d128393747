import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Implementation } from "../implementation.js";
import { scripted } from "../implementation.js";
import type { Play } from "../play.js";
import { expect, handOver, type Scenario, type Survivor } from "../scenario.js";

/**
 * A script and what it reads from the program that it is played to: types of messages, and codes where they have one. One notes
 * the program's exit, with its status, among them.
 */
interface Script {
  readonly behaviour: string;
  readonly reads: readonly string[];
  readonly survivor?: Survivor;
  readonly commitMs?: number;
  /** The child is stopped after ready, until the script has ended. */
  readonly childStops?: boolean;
}

export const scriptedChild: Implementation = scripted("scripted-child.mjs");
export const scriptedParent: Implementation = scripted("scripted-parent.mjs");

/** What a parent does about a child that breaks the protocol, or uses what the protocol leaves to the future. */
const toParents: readonly Script[] = [
  { behaviour: "trickle", reads: ["commit"] },
  { behaviour: "ignorable", reads: ["commit"] },
  { behaviour: "garbage", reads: ["abort FRAME_TOO_LARGE"] },
  { behaviour: "half a frame", reads: [] },
  { behaviour: "oversized", reads: ["abort FRAME_TOO_LARGE"] },
  { behaviour: "empty", reads: ["abort FRAME_EMPTY"] },
  { behaviour: "unknown", reads: ["abort MESSAGE_TYPE_UNKNOWN"] },
  { behaviour: "nil", reads: ["abort ENCODING_TYPE"] },
  { behaviour: "committed too early", reads: ["abort MESSAGE_UNEXPECTED"] },
  { behaviour: "a version not offered", reads: ["abort MESSAGE_FIELD_INVALID"] },
  { behaviour: "a feature not offered", reads: ["abort MESSAGE_FIELD_INVALID"] },
  { behaviour: "ready without a listener", reads: ["abort MESSAGE_FIELD_INVALID"] },
  { behaviour: "state that was not agreed on", reads: ["abort MESSAGE_UNEXPECTED"] },
  { behaviour: "refuse, with a code of the future", reads: [] },
  { behaviour: "abort, with a code of the future", reads: [] },
  { behaviour: "closes the channel", reads: [] },
  { behaviour: "garbage after commit", reads: ["commit"] },
];

/** What a child does about such a parent. */
const toChildren: readonly Script[] = [
  { behaviour: "complete", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "keys of the future", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "trickle", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "ignorable", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "abort after commit", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "garbage after commit", reads: ["accept", "ready", "committed"], survivor: 2 },
  { behaviour: "dies within a frame", reads: ["accept", "ready"], survivor: 2 },
  {
    behaviour: "abort, and death before it is read",
    reads: ["accept", "ready"],
    survivor: 2,
    childStops: true,
  },
  {
    behaviour: "garbage, and death before it is read",
    reads: ["accept", "ready"],
    survivor: 2,
    childStops: true,
  },
  { behaviour: "other versions", reads: ["refuse VERSION_UNSUPPORTED"] },
  { behaviour: "abort after accept", reads: ["accept"] },
  { behaviour: "garbage after accept", reads: ["accept", "abort FRAME_TOO_LARGE"] },
  { behaviour: "oversized after ready", reads: ["accept", "ready", "abort FRAME_TOO_LARGE"] },
  { behaviour: "unknown after ready", reads: ["accept", "ready", "abort MESSAGE_TYPE_UNKNOWN"] },
  { behaviour: "state that nobody wanted", reads: ["accept", "ready", "abort MESSAGE_UNEXPECTED"] },
  { behaviour: "farewell before commit", reads: ["accept", "ready", "abort MESSAGE_UNEXPECTED"] },
  { behaviour: "closes the channel after ready", reads: ["accept", "ready"] },
  { behaviour: "never commits", reads: ["accept", "ready", "abort DEADLINE_EXPIRED"], commitMs: 500 },
  { behaviour: "SIGTERM to the child after ready", reads: ["accept", "ready", "abort STOPPING", "exit 0"] },
  { behaviour: "another socket's inode", reads: ["accept", "abort LISTENER_MISMATCH"] },
  { behaviour: "a descriptor that is not open", reads: ["accept", "abort LISTENER_MISMATCH"] },
  { behaviour: "a listener at another address", reads: ["accept", "abort LISTENER_BIND_FAILED"] },
  { behaviour: "a channel that is not open", reads: [] },
  { behaviour: "an offer that is none", reads: [] },
];

export const argumentsOf = (behaviour: string) => (play: Play) => [behaviour, transcriptOf(play)];
const transcriptOf = (play: Play) => join(play.folder, "transcript");

export const scriptsForParents: readonly Scenario[] = toParents.map((script) => ({
  name: `a child's script: ${script.behaviour}`,
  survivor: 1,
  child: { args: argumentsOf(script.behaviour) },
  async play(play) {
    await handOver(play);
    await play.program.untilASuccessorIsGone();
  },
  after: (play) => compare(script, play),
}));

export const scriptsForChildren: readonly Scenario[] = toChildren.map((script) => ({
  name: `a parent's script: ${script.behaviour}`,
  survivor: script.survivor ?? 1,
  // A script leaves when it is over: what it accepted is not a question of the child's.
  withoutLoad: true,
  parent: {
    args: argumentsOf(script.behaviour),
    ...(script.commitMs ? { deadlines: { commitMs: script.commitMs } } : {}),
  },
  ...(script.childStops ? { child: { fault: { role: "child", step: "after-ready", action: "stop" } } } : {}),
  async play(play) {
    await handOver(play);
    if (script.childStops) {
      const child = await play.program.untilSuccessorStopped();
      await play.program.untilExited();
      play.program.signal("SIGCONT", child);
    } else if (script.survivor === 2) await play.program.untilExited();
    else await play.program.untilASuccessorIsGone();
  },
  after: (play) => compare(script, play),
}));

/** `repeats`: whether it counts how often the same message comes in a row. */
export function compare({ reads }: Pick<Script, "reads">, play: Play, { repeats = true } = {}): void {
  const read = messages(play)
    .filter((message) => message !== "ready" || reads.includes("ready"))
    .filter((message, i, all) => repeats || message !== all[i - 1]);
  expect(
    JSON.stringify(read) === JSON.stringify(reads),
    `the script read ${JSON.stringify(read)}, not ${JSON.stringify(reads)}`,
  );
}

export function messages(play: Play): string[] {
  let text: string;
  try {
    text = readFileSync(transcriptOf(play), "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { type, code } = JSON.parse(line) as { type: string; code?: string };
      return code === undefined ? type : `${type} ${code}`;
    });
}
