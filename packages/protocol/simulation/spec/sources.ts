import { readFileSync } from "node:fs";
import type { Role } from "../../src/table.js";

/** A role whose names are only strings: what is written about one holds for both. */
export type AnyRole = Role<string, string, string, string>;

/** Set by run.mjs, which bundles this file elsewhere; a test reads it from where it stands. */
const packageFolder = process.env.HEIRLOOM_PROTOCOL_FOLDER ?? new URL("../../", import.meta.url).pathname;

export const source = (path: string): string => readFileSync(`${packageFolder}/${path}`, "utf8");

/** The docstrings of a union of strings in a source file, by member, in the order of the file. */
export function docsOf(text: string, type: string): Map<string, string> {
  const start = text.indexOf(`export type ${type} =`);
  if (start < 0) throw new Error(`no type is called ${type}`);
  const end = text.indexOf(";\n", start);
  const docs = new Map<string, string>();
  const member = /(?:\/\*\*([\s\S]*?)\*\/\s*)?\|\s*"([^"]+)"/g;
  // A union of one member has no bar before it in what the formatter writes, unless a comment stands there.
  const body = text
    .slice(start, end)
    .replace(/=\s*\/\*\*/, "= |/**")
    .replace("= |/**", "= /**");
  const barred = body.replace(/(=\s*(?:\/\*\*[\s\S]*?\*\/\s*)?)"/, '$1| "');
  for (const [, doc = "", name] of barred.matchAll(member)) {
    docs.set(name!, doc.replace(/\s*\n\s*\*\s?/g, " ").trim());
  }
  return docs;
}

export const generatedNote = (from: string): string =>
  `<!-- Written by packages/protocol/simulation/run.mjs spec, from ${from}. Change those, and write this again. -->`;

/** A table in Markdown; empty cells stay empty. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (name: string): string => `\`${name}\``;
export const codes = (names: readonly string[]): string => names.map(code).join(", ");
