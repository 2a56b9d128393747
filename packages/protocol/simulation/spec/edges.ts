import { rowsOf } from "../../src/table.js";
import type { AnyRole } from "./sources.js";

/** Everything that leads from one state to another, and by which events. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
}

/** The edges of a role, without those that lead back to where they began. */
function edgesOf(role: AnyRole): Edge[] {
  const edges = new Map<string, { from: string; to: string; events: string[] }>();
  for (const [from, cells] of Object.entries(role.table)) {
    for (const [event, cell] of Object.entries(cells)) {
      for (const { next, when } of rowsOf(cell)) {
        if (next === from) continue;
        const key = `${from} ${next}`;
        const edge = edges.get(key) ?? { from, to: next, events: [] };
        edge.events.push(when === undefined ? event : `${event} [${when}]`);
        edges.set(key, edge);
      }
    }
  }
  // Whether a condition holds makes no difference where both rows lead to the same state.
  const plain = (name: string) => name.replace(/ \[.*/, "");
  return [...edges.values()].map((edge) => ({
    ...edge,
    events: edge.events.filter((name) => name === plain(name) || !edge.events.includes(plain(name))),
  }));
}

/** States that share what happens to them: drawn as a frame, from which the shared edges begin. */
export interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

/** The same edges, where those that all members of a group have begin at the group. */
export function groupedEdgesOf(role: AnyRole, groups: readonly Group[]): Edge[] {
  let edges = edgesOf(role);
  for (const { name, members } of groups) {
    const first = edges.filter(({ from }) => from === members[0]);
    for (const { to } of first) {
      const all = members.map(
        (from) => edges.find((edge) => edge.from === from && edge.to === to)?.events ?? [],
      );
      const shared = all[0]!.filter((event) => all.every((events) => events.includes(event)));
      if (shared.length === 0) continue;
      edges = edges
        .map((edge) =>
          members.includes(edge.from) && edge.to === to
            ? { ...edge, events: edge.events.filter((event) => !shared.includes(event)) }
            : edge,
        )
        .filter(({ events }) => events.length > 0);
      edges.push({ from: name, to, events: shared });
    }
  }
  return edges;
}

/** A point where several edges meet, to part again by the same conditions: one arrow in, and one out for each. */
export interface Junction {
  readonly name: string;
  readonly event: string;
  readonly from: readonly string[];
}

/** The same edges, led through a junction. Only for sources whose rows for its event are alike. */
export function joinedEdgesOf(edges: readonly Edge[], { name, event, from }: Junction): Edge[] {
  const exits = (source: string) =>
    edges
      .filter((edge) => edge.from === source)
      .flatMap(({ to, events }) =>
        events
          .filter((e) => e.startsWith(event))
          .map((e) => `${e.slice(event.length).trim() || "else"} ${to}`),
      );
  const wanted = exits(from[0]!);
  for (const source of from) {
    if (exits(source).toSorted().join() !== wanted.toSorted().join())
      throw new Error(`${source} is not like ${from[0]}`);
  }
  const rest = edges
    .map((edge) =>
      from.includes(edge.from) ? { ...edge, events: edge.events.filter((e) => !e.startsWith(event)) } : edge,
    )
    .filter(({ events }) => events.length > 0);
  const into = from.map((source) => ({ from: source, to: name, events: [event] }));
  const out = wanted.map((exit) => {
    const [condition, to] = exit.split(" ");
    return { from: name, to: to!, events: [condition!] };
  });
  return [...rest, ...into, ...out];
}

export function mermaidText(role: AnyRole): string {
  const lines = role.initial.map((state) => `  [*] --> ${state}`);
  for (const { from, to, events } of edgesOf(role)) lines.push(`  ${from} --> ${to} : ${events.join(", ")}`);
  return `%% Written by packages/protocol/simulation/run.mjs spec, from the ${role.name}'s table.\nstateDiagram-v2\n${lines.join("\n")}\n`;
}
