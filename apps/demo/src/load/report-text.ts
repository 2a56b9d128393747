import type { Style } from "../terminal.js";
import { FAILURE_CLASSES, type FailureClass } from "./failure.js";
import { ENTRY_NAMES, type EntryName, RESTART_WINDOW_MS, type Summary } from "./ledger.js";
import type { Report } from "./report.js";

const ENTRY_TITLES: Record<EntryName, string> = {
  newConnections: "new conn",
  slowResponses: "slow",
  slowUploads: "uploads",
  keptAlive: "kept alive",
  idle: "idle",
  webSockets: "WebSocket",
  restarter: "restarter",
};

/** Of the columns of requests, with their widths: one for each entry, and the total. */
const COLUMNS: readonly [string, number][] = [
  ["new", 7],
  ["slow", 6],
  ["uploads", 8],
  ["kept", 7],
  ["idle", 6],
  ["WebSocket", 10],
  ["restarter", 10],
  ["total", 8],
];

const CLASS_TITLES: Record<FailureClass, string> = {
  refused: "connection refused",
  reset: "reset at once",
  truncated: "truncated",
  wrongBody: "wrong body",
  wrongStatus: "wrong status",
  deadlineExpired: "deadline expired",
  keptAliveClosed: "kept-alive closed",
  other: "other",
};

interface Painter {
  paint(style: Style, text: string): string;
}

/** The report as a table for people, 80 columns wide at most. */
export function reportLines(report: Report, painter: Painter): string[] {
  return [
    "",
    ...requestTable(report, painter),
    "",
    ...stayingTable(report, painter),
    "",
    ...restartTable(report, painter),
    "",
    ...latencyTable(report, painter),
    "",
    ...notes(report, painter),
    verdict(report, painter),
  ];
}

function requestTable({ clients, requests, failed }: Report, painter: Painter): string[] {
  const row = (title: string, cells: (string | number)[], style?: Style) => {
    const text =
      title.padEnd(18) + cells.map((cell, at) => String(cell).padStart(COLUMNS[at]?.[1] ?? 0)).join("");
    return style ? painter.paint(style, text) : text;
  };
  const entries = ENTRY_NAMES.map((name) => clients[name]);
  return [
    row(
      "requests by client",
      COLUMNS.map(([title]) => title),
      "bold",
    ),
    row("requests", [...entries.map((entry) => entry.requests), requests]),
    row("answered correctly", [...entries.map((entry) => entry.requests - entry.failed), requests - failed]),
    ...FAILURE_CLASSES.map((name) => {
      const counts = entries.map((entry) => entry.failures[name]);
      const total = counts.reduce((sum, count) => sum + count, 0);
      return row(CLASS_TITLES[name], [...counts, total], total > 0 ? "red" : "dim");
    }),
  ];
}

/** What became of connections that their clients wanted to keep, and of the messages on them. */
function stayingTable({ clients }: Report, painter: Painter): string[] {
  const join = (cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(10)).join("");
  const row = (name: "keptAlive" | "idle" | "webSockets") => {
    const { connections, messages, failed } = clients[name];
    const { clients: wanted, survived, closeAnnounced, closedWhileIdle } = connections;
    const text =
      ENTRY_TITLES[name].padEnd(20) +
      join([survived, closeAnnounced, closedWhileIdle]) +
      (name === "webSockets" ? join([messages.sent, messages.lost, messages.doubled]) : "");
    if (failed > 0 || messages.lost + messages.doubled > 0) return painter.paint("red", text);
    return survived < wanted ? painter.paint("yellow", text) : text;
  };
  const heads = ["survived", "ended", "closed", "sent", "lost", "doubled"];
  return [
    painter.paint("bold", "connections, messages".padEnd(20) + join(heads).slice(1)),
    row("keptAlive"),
    row("idle"),
    row("webSockets"),
  ];
}

function restartTable({ restarts }: Report, painter: Painter): string[] {
  const join = (cells: string[]) => cells.map((cell) => cell.padStart(10)).join("");
  const row = (title: string, { count, min, median, max }: Summary) =>
    title.padEnd(38) +
    join([String(count), ...(count === 0 ? ["–", "–", "–"] : [ms(min), ms(median), ms(max)])]);
  return [
    painter.paint("bold", "restarts, ms".padEnd(38) + join(["count", "min", "median", "max"])),
    row("SIGHUP to the first new answer", restarts.firstAnswerMs),
    row("handoff, by the service's report", restarts.handoffMs),
  ];
}

function latencyTable({ clients }: Report, painter: Painter): string[] {
  const cells = ({ count, median, p99, max }: Summary) =>
    count === 0 ? ["–", "–", "–"] : [ms(median), ms(p99), ms(max)];
  const join = (values: string[]) => values.map((value) => value.padStart(9)).join("");
  const heads = ["p50", "p99", "max"];
  const window = `within ${RESTART_WINDOW_MS / 1000} s of a SIGHUP`;
  return [
    painter.paint("bold", "latency, ms".padEnd(19) + window.padStart(27) + "otherwise".padStart(30)),
    painter.paint("dim", `${"".padEnd(19)}${join(heads)}   ${join(heads)}`),
    ...ENTRY_NAMES.map((name) => {
      const { inRestarts, otherwise } = clients[name].latencyMs;
      return `${ENTRY_TITLES[name].padEnd(19)}${join(cells(inRestarts))}   ${join(cells(otherwise))}`;
    }),
  ];
}

function notes(report: Report, painter: Painter): string[] {
  const { outcomes, drained } = report.restarts;
  const lines = [
    `handoffs: ${outcomes.committed} committed, ${outcomes.aborted} aborted, ${outcomes.rolledBack} rolled back`,
    `connections of generations that left: ${drained.moved} moved, ${drained.finished} finished, ${drained.closed} closed, ${drained.cut} cut`,
    `the longest time that one which moved was read by nobody: ${ms(drained.longestPauseMs)} ms`,
  ];
  const red = (text: string) => painter.paint("red", text);
  for (const { entry, failureClass, message, afterRestartMs } of report.samples) {
    const when = afterRestartMs === undefined ? "" : ` (${Math.round(afterRestartMs)} ms after a SIGHUP)`;
    lines.push(red(`${ENTRY_TITLES[entry]}, ${CLASS_TITLES[failureClass]}: ${message}${when}`));
  }
  for (const { fromGeneration, problem } of report.restarts.failed) {
    lines.push(red(`Restart of generation ${fromGeneration}: ${problem}`));
  }
  return [...lines, ...report.problems.map(red), ""];
}

function verdict(
  { ok, interrupted, requests, failed, restarts, durationMs }: Report,
  painter: Painter,
): string {
  const failedRestarts = restarts.failed.length === 0 ? "" : ` (${restarts.failed.length} more failed)`;
  const counts = `${failed} of ${requests} requests failed, ${restarts.done} of ${restarts.asked} restarts done`;
  const cut = interrupted ? ", interrupted" : "";
  const text = `${ok ? "OK" : "FAILED"}: ${counts}${failedRestarts}, ${(durationMs / 1000).toFixed(1)} s${cut}`;
  return painter.paint(ok ? "green" : "red", text);
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
