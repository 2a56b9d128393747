import type { HandoffOutcome, StatusAnswer } from "@heirloom/node-runtime/control";
import type { Process } from "../client/service.js";
import { plain, type Style, type Terminal } from "./terminal.js";
import { age, megabytes } from "./units.js";

const header = ["generation", "pid", "state", "age", "connections", "memory", "release"];

const styles: Partial<Record<string, Style>> = { serving: "green", "no answer": "red" };

/** The processes of a service, the youngest generation first, and its last failure. */
export function statusTable(service: string, processes: readonly Process[], terminal: Terminal): string[] {
  const rows = processes.map(row);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => (cells[column] ?? "").length)),
  );
  const text = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ");
  const failures = processes.flatMap(({ status }) =>
    status?.lastFailure ? [lastFailure(status.lastFailure)] : [],
  );
  const keepers = processes.flatMap(({ status }) =>
    status?.isOwner && status.keeper ? [status.keeper] : [],
  );
  return [
    terminal.paint("bold", service),
    `  ${terminal.paint("dim", text(header))}`,
    ...rows.map((cells) => {
      const style = styles[cells[2] ?? ""];
      const line = text(cells);
      return `  ${style === undefined ? line : terminal.paint(style, line)}`;
    }),
    ...keepers.map(
      ({ pid, startedAt }) => `  kept by heirloom run, pid ${pid}, for ${age(Date.now() - startedAt)}`,
    ),
    ...failures.map((failure) => `  ${terminal.paint("yellow", "!")} ${failure}`),
  ];
}

function row({ generation, pid, status }: Process): string[] {
  const id = [String(generation), String(pid)];
  if (status === undefined) return [...id, "no answer", "", "", "", ""];
  const { activity, startedAt, connections, memory } = status;
  return [
    ...id,
    plain(activity),
    age(Date.now() - startedAt),
    connectionsOf(connections),
    memory === undefined ? "" : megabytes(memory.rssBytes),
    releaseOf(status),
  ];
}

/** All that are open, and how many of them are of which class. */
function connectionsOf({ open, ...classes }: StatusAnswer["connections"]): string {
  const parts = Object.entries(classes).flatMap(([name, number]) =>
    typeof number === "number" && number > 0 ? [`${number} ${plain(name)}`] : [],
  );
  return parts.length === 0 ? String(open) : `${open} (${parts.join(", ")})`;
}

function releaseOf({ release }: StatusAnswer): string {
  return release.name === undefined
    ? plain(release.script)
    : `${plain(release.name)} (${plain(release.script)})`;
}

function lastFailure({ outcome, startedAt, child, error }: HandoffOutcome): string {
  const what = outcome === "rolledBack" ? "was rolled back" : "failed";
  return `the restart to generation ${child.generation} ${what} ${age(Date.now() - startedAt)} ago: ${plain(error?.message ?? "no reason is known")}`;
}
