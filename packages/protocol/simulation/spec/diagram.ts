import { type Edge, type Group, groupedEdgesOf, type Junction, joinedEdgesOf } from "./edges.js";
import type { AnyRole } from "./sources.js";

/** Where a state stands, in pixels: the middle of its box. */
export type Places = Readonly<Record<string, readonly [x: number, y: number]>>;

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly places: Places;
  readonly groups: readonly (Group & { readonly label: string })[];
  readonly junctions: readonly (Junction & { readonly place: readonly [x: number, y: number] })[];
  /** How far an edge bends to its left, where the straight way is taken: by `from to`. */
  readonly bends: Readonly<Record<string, number>>;
  /** States that own the service: drawn full. */
  readonly owners: readonly string[];
}

const box = { width: 124, height: 38 };
const lineHeight = 13;

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rectOf(name: string, { places, groups, junctions }: Layout): Rect {
  const junction = junctions.find((candidate) => candidate.name === name);
  if (junction !== undefined) return { x: junction.place[0], y: junction.place[1], width: 12, height: 12 };
  const place = places[name];
  if (place !== undefined) return { x: place[0], y: place[1], ...box };
  const group = groups.find((candidate) => candidate.name === name);
  if (group === undefined) throw new Error(`the layout has no place for ${name}`);
  const xs = group.members.map((member) => places[member]![0]);
  const ys = group.members.map((member) => places[member]![1]);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return {
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    width: right - left + box.width + 36,
    height: bottom - top + box.height + 44,
  };
}

/** Where the line from a rectangle's middle towards a point leaves the rectangle. */
function border({ x, y, width, height }: Rect, [toX, toY]: readonly [number, number]): [number, number] {
  const [dx, dy] = [toX - x, toY - y];
  if (dx === 0 && dy === 0) return [x, y];
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : height / 2 / Math.abs(dy),
  );
  return [x + dx * scale, y + dy * scale];
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
const point = ([x, y]: readonly [number, number]): string => `${round(x)},${round(y)}`;

/** A path, and the text to be laid over all paths. */
function edgeMarkup(edge: Edge, layout: Layout): [path: string, text: string] {
  const [from, to] = [rectOf(edge.from, layout), rectOf(edge.to, layout)];
  // A frame lets its edges go from where their end is nearest.
  const isFrame = layout.groups.some(({ name }) => name === edge.from);
  const start: [number, number] = isFrame
    ? [Math.max(from.x - from.width / 2 + 30, Math.min(from.x + from.width / 2 - 30, to.x)), from.y]
    : [from.x, from.y];
  const bend = layout.bends[`${edge.from} ${edge.to}`] ?? 0;
  const [dx, dy] = [to.x - start[0], to.y - start[1]];
  const length = Math.hypot(dx, dy) || 1;
  const middle: [number, number] = [
    (start[0] + to.x) / 2 - (dy / length) * bend * 2,
    (start[1] + to.y) / 2 + (dx / length) * bend * 2,
  ];
  const begin = border({ ...from, x: start[0], width: isFrame ? 0 : from.width }, middle);
  const end = border(to, middle);
  const label: [number, number] = [
    begin[0] / 4 + middle[0] / 2 + end[0] / 4,
    begin[1] / 4 + middle[1] / 2 + end[1] / 4,
  ];
  const top = label[1] - ((edge.events.length - 1) * lineHeight) / 2 + 3.5;
  const text = edge.events
    .map((event, i) => `<tspan x="${round(label[0])}" y="${round(top + i * lineHeight)}">${event}</tspan>`)
    .join("");
  return [
    `<path d="M${point(begin)} Q${point(middle)} ${point(end)}" marker-end="url(#end)"/>`,
    `<text>${text}</text>`,
  ];
}

function stateMarkup(state: string, layout: Layout, role: AnyRole): string {
  const [x, y] = layout.places[state]!;
  const deadline = role.deadlines[state];
  const kind = layout.owners.includes(state) ? "owner" : "state";
  const under =
    deadline === undefined ? "" : `<text class="deadline" x="${x}" y="${y + 12}">${deadline} deadline</text>`;
  const nameY = deadline === undefined ? y + 4.5 : y - 1;
  return `<rect class="${kind}" x="${x - box.width / 2}" y="${y - box.height / 2}" width="${box.width}" height="${box.height}" rx="8"/><text class="name" x="${x}" y="${nameY}">${state}</text>${under}`;
}

/** A picture of a role: boxes for states, arrows for what leads from one to another. */
export function svgText(role: AnyRole, layout: Layout): string {
  const frames = layout.groups.map(({ name, label }) => {
    const { x, y, width, height } = rectOf(name, layout);
    return `<rect class="frame" x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="14"/><text class="label" x="${x - width / 2 + 12}" y="${y - height / 2 + 15}">${label}</text>`;
  });
  let edges = groupedEdgesOf(role, layout.groups);
  for (const junction of layout.junctions) edges = joinedEdgesOf(edges, junction);
  const arrows = edges.map((edge) => edgeMarkup(edge, layout));
  const joints = layout.junctions.map(({ place: [x, y] }) => `<circle cx="${x}" cy="${y}" r="6"/>`);
  const states = Object.keys(role.table).map((state) => stateMarkup(state, layout, role));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${layout.height}" role="img" aria-label="The states of the ${role.name}">
<!-- Written by packages/protocol/simulation/run.mjs spec, from the ${role.name}'s table. -->
<defs><marker id="end" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
<style>
svg { background: #fff; font: 11px ui-sans-serif, system-ui, sans-serif; }
text { text-anchor: middle; fill: #444; paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; }
path { fill: none; stroke: #7a8794; stroke-width: 1.2; } .head { fill: #7a8794; stroke: none; }
.state { fill: #f4f6f8; stroke: #7a8794; } .owner { fill: #d9f2e3; stroke: #2f8f5b; }
.frame { fill: none; stroke: #b5bfc9; stroke-dasharray: 5 4; }
.name { font-weight: 600; font-size: 13px; fill: #111; stroke: none; } .deadline { font-size: 10px; fill: #555; stroke: none; }
circle { fill: #7a8794; }
.label { text-anchor: start; fill: #66727e; font-style: italic; }
</style>
${[...frames, ...arrows.map(([path]) => path), ...joints, ...arrows.map(([, text]) => text), ...states].join("\n")}
</svg>
`;
}
