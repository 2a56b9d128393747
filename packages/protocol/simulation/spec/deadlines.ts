import { childRole } from "../../src/child/table.js";
import { type Deadline, defaultDeadlinesMs } from "../../src/deadline.js";
import { parentRole } from "../../src/parent/table.js";
import { type AnyRole, code, codes, docsOf, generatedNote, markdownTable, source } from "./sources.js";

const statesWith = (role: AnyRole, deadline: string): string =>
  codes(Object.keys(role.deadlines).filter((state) => role.deadlines[state] === deadline));

export function deadlinesText(): string {
  const docs = docsOf(source("src/deadline.ts"), "Deadline");
  const rows = [...docs].map(([name, doc]) => [
    code(name),
    doc,
    defaultDeadlinesMs[name as Deadline].toLocaleString("en-US"),
    statesWith(parentRole as unknown as AnyRole, name),
    statesWith(childRole as unknown as AnyRole, name),
  ]);
  return `${generatedNote("packages/protocol/src/deadline.ts and the tables")}

# Deadlines

Normative, but for the defaults. A deadline is a whole number of milliseconds, 1 to 2,147,483,647. Time enters the machines only as
\`deadlineExpired\`.

${markdownTable(["deadline", "what it bounds", "default, ms", "runs in the parent's", "runs in the child's"], rows)}

- **D-1** A deadline starts when a state that names it is entered from one that does not, and runs on through all states that name it:
   \`ready\` covers \`offering\` and \`preparing\` together, \`drain\` covers \`draining\` and \`departing\`. But \`commit\` starts anew in
   ${codes(parentRole.anew ?? [])}: a child that was slow to import has as long as any other to say \`committed\`.
- **D-2** It expires at most once, and only while a state that names it lasts. An ignored event leaves it running.
- **D-3** Who owns the service is never decided by one. A deadline only makes a side stop waiting: the parent's by ending a child that it
   has not committed to, or by SIGKILL and the exit that follows; the child's by leaving while its parent lives.
- **D-4** The child's \`commit\` is the one that the offer carries. It should be the parent's \`park\` and \`commit\` together, or a child leaves
   while its parent still stops exclusive work, or it imports state itself. That is safe, and costs the handoff.
- **D-5** States without a deadline: \`serving\` and \`owner\` wait for nothing. \`spawning\`, \`ending\` and \`fencing\` wait for the operating
   system. \`booting\` and \`preparing\` are bounded by the parent's \`ready\`. \`founding\` and \`orphaned\` wait for the only application
   that is left. \`succeeding\` serves; the parent's \`drain\` bounds it. Of a hanging parent (it is not dead) it waits for the waking.
- **D-6** How many generations may drain at once is bounded too, by a number of each generation's own, 1 or more (default: 8). A draining generation
   that reads \`superseded\` compares: where \`generation\` is more than the bound above its own number, it is \`drainBoundHit\`, and
   otherwise \`supersededReceived\`. What is counted are numbers: generations in between that have left count, too. A generation whose child has
   left before it hears of no later ones; its \`drain\` deadline bounds it. An implementation MAY leave the bound out, and then
   takes every one for \`supersededReceived\`.
`;
}
