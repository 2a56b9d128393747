#!/usr/bin/env node
import { expectedFailures } from "./expected-failures.js";
import { type Case, everyCase, performAll, unused } from "./matrix.js";
import { type Options, parseOptions, usage } from "./options.js";
import { destroyAll } from "./program.js";
import { formatFailure, formatMatrix, formatTotals, toJson } from "./report.js";

const title = ({ parent, child, scenario }: Case) => `${parent.name} -> ${child.name}: ${scenario.name}`;

async function main(args: readonly string[]): Promise<number> {
  let options: Options | undefined;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const { only, json, implementations } = options;
  const every = everyCase(implementations);
  const cases = every.filter((each) => only?.test(title(each)) ?? true);
  process.stderr.write(
    `${cases.length} performances among ${implementations.map(({ name }) => name).join(", ")}\n`,
  );
  let done = 0;
  const all = await performAll(cases, expectedFailures, (judged) => {
    done += 1;
    if (judged.verdict !== "passed" && judged.verdict !== "unsupported")
      process.stderr.write(`${formatFailure(judged)}\n`);
    else if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done}/${cases.length} ${title(judged)}`);
  });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const stale = options.whole ? unused(expectedFailures, every) : [];
  for (const { parent, child, scenario } of stale)
    process.stderr.write(`stale expectation: ${parent} -> ${child}: ${scenario}: there is no such case\n`);
  process.stdout.write(
    json ? `${toJson(all, stale)}\n` : `${formatMatrix(all)}\n${formatTotals(all, stale)}\n`,
  );
  const good = new Set(["passed", "unsupported", "expected failure"]);
  return stale.length === 0 && cases.length > 0 && all.every(({ verdict }) => good.has(verdict)) ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void destroyAll().finally(() => process.exit(1)));
process.exitCode = await main(process.argv.slice(2));
