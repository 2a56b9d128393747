import type { ExpectedFailure } from "./expected-failures.js";
import type { Implementation } from "./implementation.js";
import { perform, type Result } from "./perform.js";
import type { Scenario } from "./scenario.js";
import { courses } from "./scenarios/courses.js";
import { failures } from "./scenarios/failures.js";
import { moveScriptsForChildren, moveScriptsForParents } from "./scenarios/move-scripts.js";
import { moves } from "./scenarios/moves.js";
import { scriptedChild, scriptedParent, scriptsForChildren, scriptsForParents } from "./scenarios/scripts.js";

/** One performance to come: who plays the parent, who the child, and what happens. */
export interface Case {
  readonly parent: Implementation;
  readonly child: Implementation;
  readonly scenario: Scenario;
}

export type Verdict = "passed" | "unsupported" | "failed" | "expected failure" | "stale expectation";

export interface Judged extends Case {
  readonly result: Result;
  readonly verdict: Verdict;
  readonly durationMs: number;
}

/** Every pair through the courses and failures, and each implementation, in both roles, through the scripts. */
export function everyCase(implementations: readonly Implementation[]): Case[] {
  const pairs = implementations.flatMap((parent) => implementations.map((child) => ({ parent, child })));
  return [
    ...pairs.flatMap((pair) =>
      [...courses, ...moves, ...failures].map((scenario) => ({ ...pair, scenario })),
    ),
    ...implementations.flatMap((parent) =>
      [...scriptsForParents, ...moveScriptsForParents].map((scenario) => ({
        parent,
        child: scriptedChild,
        scenario,
      })),
    ),
    ...implementations.flatMap((child) =>
      [...scriptsForChildren, ...moveScriptsForChildren].map((scenario) => ({
        parent: scriptedParent,
        child,
        scenario,
      })),
    ),
  ];
}

/** Performs one case after the other, telling each as it is over: they would disturb each other's deadlines. */
export async function performAll(
  cases: readonly Case[],
  expected: readonly ExpectedFailure[],
  tell: (judged: Judged) => void,
): Promise<Judged[]> {
  const all: Judged[] = [];
  for (const each of cases) {
    const begun = performance.now();
    const result = await perform(each.scenario, each.parent, each.child);
    const judged = {
      ...each,
      result,
      verdict: verdictOf(result, each, expected),
      durationMs: Math.round(performance.now() - begun),
    };
    all.push(judged);
    tell(judged);
  }
  return all;
}

function verdictOf({ outcome }: Result, each: Case, expected: readonly ExpectedFailure[]): Verdict {
  const isExpected = expected.some((expectation) => covers(expectation, each));
  if (outcome === "failed") return isExpected ? "expected failure" : "failed";
  return outcome === "passed" && isExpected ? "stale expectation" : outcome;
}

/** Expectations that a whole run had no case for: what they name exists no more. */
export function unused(expected: readonly ExpectedFailure[], cases: readonly Case[]): ExpectedFailure[] {
  return expected.filter((expectation) => !cases.some((each) => covers(expectation, each)));
}

function covers(expectation: ExpectedFailure, { parent, child, scenario }: Case): boolean {
  return (
    scenario.name === expectation.scenario &&
    (expectation.parent === "*" || expectation.parent === parent.name) &&
    (expectation.child === "*" || expectation.child === child.name)
  );
}
