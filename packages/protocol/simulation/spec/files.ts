import { childRole } from "../../src/child/table.js";
import { parentRole } from "../../src/parent/table.js";
import { crashesText } from "./crashes.js";
import { deadlinesText } from "./deadlines.js";
import { svgText } from "./diagram.js";
import { mermaidText } from "./edges.js";
import { childLayout, parentLayout } from "./layouts.js";
import type { AnyRole } from "./sources.js";
import { statesText } from "./states.js";
import { rowVectorsText } from "./vectors.js";

/** What spec/v1 has of the machines, by path. */
export function specFiles(): ReadonlyMap<string, string> {
  const parent = parentRole as unknown as AnyRole;
  const child = childRole as unknown as AnyRole;
  return new Map([
    ["states.md", statesText()],
    ["deadlines.md", deadlinesText()],
    ["crashes.md", crashesText()],
    ["diagrams/parent.mmd", mermaidText(parent)],
    ["diagrams/child.mmd", mermaidText(child)],
    ["diagrams/parent.svg", svgText(parent, parentLayout)],
    ["diagrams/child.svg", svgText(child, childLayout)],
    ["vectors/machines/parent-rows.json", rowVectorsText("parent")],
    ["vectors/machines/child-rows.json", rowVectorsText("child")],
  ]);
}
