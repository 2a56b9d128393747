/** What is done to a process. Deadlines of the victim are in victim/deadlines.ts. */
export const KINDS = {
  sigkill: "SIGKILL",
  stopShort: "SIGSTOP, and SIGCONT well within every deadline",
  stopLong: "SIGSTOP, and SIGCONT beyond the commit deadline",
  stopForever: "SIGSTOP, and never SIGCONT",
  exit0: "exits with status 0",
  exit1: "exits with status 1",
  exception: "throws an uncaught exception",
  rejection: "leaves a rejection unhandled",
  busyLoop: "loops beyond the commit deadline",
  outOfMemory: "runs out of heap",
  sigterm: "SIGTERM, or SIGINT where it comes right after a step",
  secondSighup: "a second SIGHUP",
  sighupStorm: "30 SIGHUPs",
  garbageFrame: "writes noise into the channel",
  halfFrame: "writes half a frame into the channel",
  oversizedFrame: "announces a frame of 2 GB",
  closedChannel: "shuts its end of the channel down",
  noiseThenDeath: "writes noise into the channel, and is killed",
  abortThenDeath: "aborts the handoff, and is killed",
  neverReady: "the child never says ready",
  slowBoot: "the child takes its time, within the ready deadline",
  newerParent: "the parent speaks newer protocol versions only",
  newerChild: "the child speaks newer protocol versions only",
  overlappingVersions: "the parent is newer and speaks the child's version, too",
  wrongListener: "the descriptors of two listeners are swapped",
  emfileParent: "the parent has no free descriptor when it spawns",
  emfileChild: "the child has no free descriptor when it adopts",
  exitWhenAsked: "a second SIGHUP to the parent, and then the child exits with status 1",
  exitWhenStopped: "SIGTERM to the parent, and then the child exits with status 1",
  emfileBatch: "the child has one free descriptor when a batch arrives",
  executableMissing: "the executable is gone",
  scriptBroken: "the new release does not parse",
  askedWhileFailing: "a second SIGHUP, and then the child exits with status 1",
  releaseSwitched: "a link is switched to a new release",
  slowRetirement: "an onRetire hook takes longer than the park deadline",
  failedRetirement: "an onRetire hook fails",
  refusedState: "the child's application refuses the state",
  failedExport: "the parent's application cannot give its state out",
  stuckClient: "a client never ends its request",
  fullDisk: "the disk of the log is full",
  controlBlocked: "the folder of the control sockets cannot be made",
  none: "nothing: a plain handoff",
} as const;

export type Kind = keyof typeof KINDS;

/** Done by the stopped process's own code once it goes on. */
export const SELF_KINDS: readonly Kind[] = [
  "exit0",
  "exit1",
  "exception",
  "rejection",
  "busyLoop",
  "outOfMemory",
  "garbageFrame",
  "halfFrame",
  "oversizedFrame",
  "closedChannel",
  "noiseThenDeath",
  "abortThenDeath",
  "exitWhenAsked",
  "exitWhenStopped",
  "emfileBatch",
];

/** What the parent is to have heard, of a signal that it gets, before the child goes on to its end. */
export const HEARD_FIRST: Partial<Record<Kind, { readonly signal: NodeJS.Signals; readonly event: string }>> =
  {
    exitWhenAsked: { signal: "SIGHUP", event: "handoffRequested" },
    exitWhenStopped: { signal: "SIGTERM", event: "terminationRequested" },
  };

/** What is said in them is heard after the death. */
export const POSTHUMOUS_KINDS: ReadonlySet<Kind> = new Set<Kind>(["noiseThenDeath", "abortThenDeath"]);

/** Done by signals, and so to any process at any moment. */
export const SIGNAL_KINDS: readonly Kind[] = [
  "sigkill",
  "stopShort",
  "stopLong",
  "stopForever",
  "sigterm",
  "secondSighup",
  "sighupStorm",
];

/** What is done while connections move: what can happen to a process at any step is tried at all the others. */
export const MOVE_KINDS: readonly Kind[] = [
  "sigkill",
  "stopShort",
  "stopLong",
  "sigterm",
  "secondSighup",
  "garbageFrame",
  "emfileBatch",
];

/** By these the owner is told to end the service. */
export const STOPPING_KINDS: ReadonlySet<Kind> = new Set<Kind>(["sigterm", "exitWhenStopped"]);

/** After these the process is gone. */
export const ENDING_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  "sigkill",
  "exit0",
  "exit1",
  "exception",
  "rejection",
  "outOfMemory",
  "exitWhenAsked",
  "exitWhenStopped",
  ...POSTHUMOUS_KINDS,
]);

/** Faults of a whole handoff rather than of a moment in it. */
export const BOOT_KINDS: readonly Kind[] = [
  "neverReady",
  "slowBoot",
  "newerParent",
  "newerChild",
  "overlappingVersions",
  "wrongListener",
  "emfileParent",
  "emfileChild",
  "executableMissing",
  "scriptBroken",
  "askedWhileFailing",
  "releaseSwitched",
  "slowRetirement",
  "failedRetirement",
  "refusedState",
  "failedExport",
  "stuckClient",
  "fullDisk",
  "controlBlocked",
  "none",
];

/** After these the parent and the child both do all that they can for a connection. */
export const HARMLESS_KINDS = new Set<Kind>([
  "none",
  "stopShort",
  "emfileBatch",
  "controlBlocked",
  "releaseSwitched",
  "slowBoot",
  "stuckClient",
]);
