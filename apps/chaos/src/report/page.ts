import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Report } from "./model.js";

const require = createRequire(import.meta.url);
const asset = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../page/${name}`, import.meta.url)), "utf8");

/** The report as one file that needs nothing else: no network, no server. */
export function reportPage(report: Report): string {
  const chart = require.resolve("uplot/dist/uPlot.iife.min.js");
  const parts: Record<string, string> = {
    "/*chart.css*/": readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8"),
    "/*report.css*/": asset("report.css"),
    "/*chart.js*/": readFileSync(chart, "utf8"),
    // The end of a script element would end the data, too.
    "/*data*/": JSON.stringify(report).replaceAll("<", "\\u003c"),
  };
  // One pass, and a function: nothing that is inserted is looked at again.
  return asset("report.html").replaceAll(/\/\*[a-z.]+\*\//g, (mark) => parts[mark] ?? mark);
}
