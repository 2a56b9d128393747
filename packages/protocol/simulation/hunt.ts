import { type Exploration, explore } from "./explore.js";
import type { Scenario } from "./scenario.js";
import type { Machines } from "./turn.js";

/** What a search through several scenarios found: the first promise that is broken, and where. */
export interface Catch {
  readonly scenario: Scenario;
  readonly counterexample: NonNullable<Exploration["counterexample"]>;
}

/** Looks for a broken promise in one scenario after the other. */
export function hunt(
  machines: Machines,
  scenarios: readonly Scenario[],
  worldsMax = 200_000,
): Catch | undefined {
  for (const scenario of scenarios) {
    const { counterexample } = explore(scenario, machines, { worldsMax });
    if (counterexample !== undefined) return { scenario, counterexample };
  }
  return undefined;
}
