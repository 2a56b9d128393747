import type { ExpectedFailure } from "./expected-failures.js";
import type { Judged } from "./matrix.js";

/** One line for what did not pass, with what the programs wrote. */
export function formatFailure({ parent, child, scenario, result, verdict }: Judged): string {
  const title = `${verdict}: ${parent.name} -> ${child.name}: ${scenario.name}`;
  if (result.outcome !== "failed") return title;
  const log = result.log.trim().replace(/^/gm, "    ");
  return `${title}\n  ${result.reason}${log === "" ? "" : `\n${log}`}`;
}

/** Parents down, children across; in each cell how many scenarios passed, of how many that both support. */
export function formatMatrix(all: readonly Judged[]): string {
  const parents = [...new Set(all.map(({ parent }) => parent.name))];
  const children = [...new Set(all.map(({ child }) => child.name))];
  const rows = [
    ["parent \\ child", ...children],
    ...parents.map((parent) => [parent, ...children.map((child) => cell(all, parent, child))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cell(all: readonly Judged[], parent: string, child: string): string {
  const here = all.filter((judged) => judged.parent.name === parent && judged.child.name === child);
  const supported = here.filter(({ verdict }) => verdict !== "unsupported");
  if (supported.length === 0) return "-";
  const passed = supported.filter(({ verdict }) => verdict === "passed").length;
  const known = supported.filter(({ verdict }) => verdict === "expected failure").length;
  return `${passed}/${supported.length}${known > 0 ? ` (${known} known)` : ""}`;
}

export function formatTotals(all: readonly Judged[], stale: readonly ExpectedFailure[]): string {
  const count = (verdict: string) => all.filter((judged) => judged.verdict === verdict).length;
  const totals = [
    `${count("passed")} passed`,
    `${count("failed")} failed`,
    `${count("expected failure")} failed as expected`,
    `${count("unsupported")} not supported`,
    `${count("stale expectation") + stale.length} expectations stale`,
  ];
  return totals.join(", ");
}

/** For programs: everything that a reader of the matrix could ask. */
export function toJson(all: readonly Judged[], stale: readonly ExpectedFailure[]): string {
  const results = all.map(({ parent, child, scenario, result, verdict, durationMs }) => ({
    parent: parent.name,
    child: child.name,
    scenario: scenario.name,
    verdict,
    durationMs,
    ...(result.outcome === "failed" ? { reason: result.reason, log: result.log } : {}),
    ...(result.outcome === "unsupported" ? { by: result.by } : {}),
  }));
  return JSON.stringify({ results, stale }, undefined, 2);
}
