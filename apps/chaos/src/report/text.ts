import { cellName } from "../plan/cell.js";
import { drainText } from "./drain.js";
import type { Report } from "./model.js";

const CELLS_SHOWN = 20;

/** The verdict, for a terminal. */
export function verdictText(
  report: Report,
  where: { readonly html: string; readonly schedule?: string; readonly rest?: string },
): string {
  const { totals, counters, invariants, cells, drain } = report;
  const lines = [""];
  for (const { invariant, promise, broken, examples } of invariants) {
    lines.push(
      `${broken === 0 ? "kept  " : "BROKEN"}  ${invariant}  ${promise}${broken === 0 ? "" : `: ${often(broken)}`}`,
    );
    for (const example of examples.slice(0, 3)) lines.push(`          ${example}`);
  }
  lines.push("");
  const worst = cells.reduce((max, { recoveryMaxMs = 0 }) => Math.max(max, recoveryMaxMs), 0);
  lines.push(
    `${totals.turns} of ${totals.planned} turns in ${Math.round(report.durationMs / 1_000)} s: ${totals.requests} requests, ${totals.failed} of them failed, ${totals.excused} of those on connections that a killed process had accepted, or after the service's end`,
    `${totals.moved} answers came on a connection that another generation had answered on before`,
    `connections when a generation left, ${often(drain.handoffs)}: ${drainText(drain)}`,
    `longest time from a fault until a new connection was answered: ${worst} ms`,
    `kernel (the whole network namespace): ${counters.listenOverflows} listen overflows, ${counters.listenDrops} listen drops, ${counters.establishedResets} connections reset`,
  );
  const bad = cells.filter(({ broken }) => broken > 0);
  for (const cell of bad.slice(0, CELLS_SHOWN)) {
    lines.push(`  ${cellName(cell)}: ${cell.broken} of ${cell.rounds} turns broke a promise`);
  }
  if (bad.length > CELLS_SHOWN) lines.push(`  and ${bad.length - CELLS_SHOWN} more cells`);
  lines.push("", `report: ${where.html}`);
  if (where.schedule !== undefined)
    lines.push(`to repeat what failed: npm run chaos -- --schedule ${where.schedule}`);
  if (where.rest !== undefined) lines.push(`to go on from the round that was interrupted: ${where.rest}`);
  lines.push(`to repeat the run: ${report.command}`, "", VERDICTS[report.verdict]);
  return lines.join("\n");
}

const often = (times: number) => (times === 1 ? "once" : `${times} times`);

const VERDICTS = {
  kept: "Every promise was kept.",
  broken: "A promise was broken, or a moment was not reached.",
  interrupted: "Interrupted: every promise was kept until then.",
};
