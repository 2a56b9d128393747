import { childRole } from "../../src/child/table.js";
import { parentRole } from "../../src/parent/table.js";
import { type Cell, rowsOf } from "../../src/table.js";
import { type AnyRole, code, codes, docsOf, generatedNote, markdownTable, source } from "./sources.js";

const sections = [
  { role: parentRole as unknown as AnyRole, file: "src/parent/state.ts", prefix: "Parent", word: "parent" },
  { role: childRole as unknown as AnyRole, file: "src/child/state.ts", prefix: "Child", word: "child" },
] as const;

export function statesText(): string {
  return [
    generatedNote("the tables in packages/protocol/src"),
    `# States

Normative. Two machines, one for each side of a handoff. Every generation runs both: the child's towards the generation before
it, and, once it is owner, the parent's towards the one after it. The first generation begins in \`founding\`, every other in
\`booting\`; the parent's machine begins in \`serving\`.

- **S-1** A machine has a state and a set of facts. An event that has a row leads to the row's next state; where a cell has several
   rows, the first one whose condition is among the facts applies.
- **S-2** The row's effects are executed in the order in which they stand, each begun after the one before it has returned. No event
   reaches the machines of a process while effects are left.
- **S-3** Entering a state starts the deadline that is named for it, unless the state before it names the same one and this one does
   not say that it starts anew. Leaving the states that name it stops it.
- **S-4** An ignored event changes nothing, and does not start or stop a deadline. An event with neither row nor reason is an error:
   nothing is changed. Where it was a message, the message breaks the protocol (\`protocolViolated\`).
- **S-5** A request for a handoff, and an order to end, go to the child's machine, unless the parent's machine is in another state than
   \`serving\`: then they go to the parent's. \`startHandoff\` is \`handoffRequested\`, and \`stopServing\` is \`terminationRequested\`,
   for the parent's machine of the same process.
- **S-6** \`parked\` and \`parkFailed\` of a parking that \`unparkListeners\` undid are dropped, and so is \`connectionsPaused\` of a pause
   that \`resumeConnections\` undid. What a child wrote
   and could not be read within the bound of [bootstrap](bootstrap.md) B-11 is dropped.

What the two machines need beyond this table is in [invariants](invariants.md#duties).
Diagrams: [parent](diagrams/parent.svg) ([source](diagrams/parent.mmd)), [child](diagrams/child.svg) ([source](diagrams/child.mmd)).`,
    ...sections.map(roleText),
  ].join("\n\n");
}

function roleText({ role, file, prefix, word }: (typeof sections)[number]): string {
  const text = source(file);
  const list = (title: string, type: string) =>
    `### ${title}\n\n${[...docsOf(text, type)].map(([name, doc]) => `- ${code(name)}${doc === "" ? "" : `: ${doc}`}`).join("\n")}`;
  const states = docsOf(text, `${prefix}State`);
  return [
    `## The ${word}`,
    list(`States of the ${word}`, `${prefix}State`),
    list(`Facts of the ${word}`, `${prefix}Fact`),
    list(`Events of the ${word}`, `${prefix}Event`),
    list(`Effects of the ${word}`, `${prefix}Effect`),
    `### Table of the ${word}`,
    ...Object.entries(role.table).map(([state, cells]) =>
      stateText(word, state, states.get(state) ?? "", cells as Cells, deadlineOf(role, state)),
    ),
  ].join("\n\n");
}

function deadlineOf({ deadlines, anew }: AnyRole, state: string): string {
  const deadline = deadlines[state];
  if (deadline === undefined) return "";
  return ` Deadline: ${code(deadline)}${anew?.includes(state) ? ", starts anew" : ""}.`;
}

type Cells = Readonly<Record<string, Cell<string, string, string>>>;

function stateText(word: string, state: string, doc: string, cells: Cells, deadline: string): string {
  const rows: string[][] = [];
  const reasons = new Map<string, string[]>();
  for (const [event, cell] of Object.entries(cells)) {
    if ("ignored" in cell) reasons.set(cell.ignored, [...(reasons.get(cell.ignored) ?? []), event]);
    for (const { when, next, effects = [], notes, forgets } of rowsOf(cell)) {
      const facts = [notes && `notes ${code(notes)}`, forgets && `forgets ${code(forgets)}`].filter(Boolean);
      rows.push([code(event), when ? code(when) : "", code(next), codes(effects), facts.join(", ")]);
    }
  }
  const parts = [`#### ${word}: ${state}`, `${doc}${deadline}`];
  if (rows.length > 0) parts.push(markdownTable(["event", "if", "next", "effects", "facts"], rows));
  if (reasons.size > 0) {
    const ignored = [...reasons].map(([reason, events]) => `- ${codes(events)}: ${reason}`);
    parts.push(`Ignored:\n\n${ignored.join("\n")}`);
  }
  return parts.join("\n\n");
}
