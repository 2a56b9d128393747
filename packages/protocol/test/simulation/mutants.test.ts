import { describe, expect, it } from "vitest";
import { explore } from "../../simulation/explore.js";
import { Ground } from "../../simulation/ground.js";
import { mutants } from "../../simulation/mutants.js";
import type { Scenario } from "../../simulation/scenario.js";
import { scenarios } from "../../simulation/scenarios.js";
import type { Invariant, Machines } from "../../simulation/turn.js";
import { machines } from "./machines.js";

/** Which promise each mutant breaks first. */
const caughtBy: Partial<Record<keyof typeof mutants, Invariant>> = {
  closesInsteadOfParking: "INV-1",
  discardsTooEarly: "INV-1",
  exitsOnTheEndOfTheChannel: "INV-2",
  leavesBeforeTheChildIsGone: "INV-2",
  leavesOnParentDied: "INV-2",
  neverAccepts: "INV-2",
  saysCommittedFirst: "INV-2",
  acceptsAtAccept: "INV-4",
  acceptsAtReady: "INV-3",
  commitsBeforeParked: "INV-3",
  commitsBeforeReady: "INV-3",
  commitsWithoutParking: "INV-3",
  forgetsTheFence: "INV-3",
  rollsBackOnTheEndOfTheChannel: "INV-3",
  startsWithoutRelinquish: "INV-3",
  takesOverBeforeReady: "INV-4",
  takesOverOnChannelEnded: "INV-3",
  unparksBeforeTheExit: "INV-3",
  resetsConnections: "INV-4",
  commitsBeforeStateAdopted: "INV-5",
  cutsInsteadOfDraining: "INV-5",
  endsWithoutSendStop: "INV-5",
  expectsStateOfEveryChild: "INV-5",
  fencesWithoutSigkill: "INV-5",
  forgetsRequested: "INV-5",
  forgetsRequestedInTheChild: "INV-5",
  forgetsTheEnd: "INV-5",
  ignoresAbort: "INV-5",
  ignoresAbortWithoutKill: "INV-5",
  keepsItsSocketsAfterRelinquished: "INV-5",
  leavesOnSent: "INV-5",
  keepsWhatNobodyWants: "INV-5",
  neverAnswersRelinquish: "INV-5",
  neverRefuses: "INV-5",
  noCommitDeadline: "INV-5",
  noCommitDeadlineInTheChild: "INV-5",
  noDrainDeadline: "INV-5",
  noExitDeadline: "INV-5",
  noParkDeadline: "INV-5",
  noReadyDeadline: "INV-5",
  noRelinquishDeadline: "INV-5",
  revivesTheService: "INV-5",
  rollsBackAfterRelinquished: "INV-5",
  startsWhenTheAnswerIsLate: "INV-5",
  stopsWithoutSendStop: "INV-5",
  neverResumes: "INV-4",
  neverUnparks: "INV-6",
  neverUnparksAfterRollback: "INV-6",
  reportsNoRollback: "INV-6",
  reportsNothing: "INV-6",
  staysParkedWhenTheServiceEnds: "INV-6",
  servesOnWithoutAVersion: "INV-7",
  asksForNothing: "INV-5",
  boundsTheWrongWait: "INV-5",
  discardsState: "INV-6",
  drainsWhileItAccepts: "INV-4",
  ignoresARequest: "INV-5",
  keepsProgressToItself: "INV-6",
  keepsItsChildToItself: "INV-5",
  passesNothingOn: "INV-5",
  drainsBeyondTheBound: "INV-5",
  leavesAloneAtTheBound: "INV-5",
  leavesOpenAtTheBound: "INV-4",
  leavesWithoutAWord: "INV-6",
  waitsLongForALostChild: "INV-5",
};

/** The same for what only shows while connections move. */
const caughtWhileMoving: Partial<Record<keyof typeof mutants, Invariant>> = {
  closesAtSent: "INV-5",
  dropsLateBytes: "INV-4",
  forgetsToInherit: "INV-4",
  forgetsWhatWasOnItsWay: "INV-5",
  forgetsWhatWasRefused: "INV-4",
  forgetsWhatWasDeclined: "INV-4",
  declinesNothing: "INV-4",
  inheritsAtTheEndOfTheChannel: "INV-4",
  keepsAtGarbage: "INV-4",
  keepsAtTheEndOfTheChannel: "INV-4",
  keepsWhatWasAdopted: "INV-4",
  leavesWhatIsOnItsWay: "INV-4",
  movesTooEarly: "INV-4",
  neverTakes: "INV-4",
  readsAtAdopted: "INV-4",
  refusesSilently: "INV-4",
  releasesBeforeAdopted: "INV-4",
  releasesWhatWasRefused: "INV-4",
};

const grounds = new Map<Scenario, Ground>();

/** The first promise that is broken, in one scenario after the other; what the tables lead to is worked out once for all mutants. */
function firstBroken(mutant: Machines, among: readonly Scenario[]): Invariant | "nothing" {
  for (const scenario of among) {
    const ground = grounds.get(scenario) ?? new Ground(scenario, machines);
    grounds.set(scenario, ground);
    const verdict = ground.hunt(mutant);
    if (verdict !== undefined && verdict !== "endless") return verdict.invariant;
  }
  return "nothing";
}

const moving = scenarios.filter(({ moves }) => moves !== undefined);
const still = scenarios.filter(({ moves }) => moves === undefined);

describe("the exploration catches a table that", () => {
  it.each(Object.entries(mutants).map(([id, mutant]) => [mutant.name, id, mutant] as const))(
    "%s",
    (_, id, mutant) => {
      const expected = caughtBy[id as keyof typeof mutants];
      const caught = firstBroken(mutant.breakIt(machines), expected === undefined ? moving : still);
      expect(caught).toBe(expected ?? caughtWhileMoving[id as keyof typeof mutants]);
    },
    // The first one that is caught in a late scenario waits for all the grounds before it.
    120_000,
  );
});

describe("a mutant", () => {
  it("is caught where it is when the scenario is explored as a whole, and nowhere else", () => {
    const [small] = still.filter(({ name }) => name === "one crash");
    const ground = new Ground(small!, machines);
    const names = Object.entries(mutants).filter(([, { breakIt }]) => {
      const mutant = breakIt(machines);
      const verdict = ground.hunt(mutant);
      const { counterexample } = explore(small!, mutant);
      return (verdict === undefined) !== (counterexample === undefined);
    });
    expect(names.map(([id]) => id)).toEqual([]);
  });
});
