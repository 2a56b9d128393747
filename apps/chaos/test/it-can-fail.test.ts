import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Breakage, withBroken } from "./broken-runtime.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Verdict {
  readonly verdict: string;
  readonly invariants: readonly { readonly invariant: string; readonly broken: number }[];
}

/** A part of the quick run, on one build of the runtime. */
function judged(
  cells: readonly string[],
  runtime?: string,
): Promise<{ status: number | null; verdict: Verdict }> {
  const out = mkdtempSync(join(tmpdir(), "heirloom-chaos-test-"));
  const args = [
    MAIN,
    "--quick",
    "--rounds",
    "2",
    "--lanes",
    "1",
    "--seed",
    "1",
    "--json",
    "--fail-fast",
    "--out",
    out,
  ];
  for (const cell of cells) args.push("--only", cell);
  if (runtime !== undefined) args.push("--runtime", runtime);
  return new Promise((resolve, reject) => {
    const run = execFile(process.execPath, args, { maxBuffer: 2 ** 24 }, (_error, stdout, stderr) => {
      rmSync(out, { recursive: true, force: true });
      try {
        resolve({ status: run.exitCode, verdict: JSON.parse(stdout) as Verdict });
      } catch (cause) {
        reject(new Error(`the run said no verdict: ${stderr}`, { cause }));
      }
    });
  });
}

const brokenIn = ({ invariants }: Verdict): string[] =>
  invariants.filter(({ broken }) => broken > 0).map(({ invariant }) => invariant);

interface Case {
  readonly what: string;
  readonly breakage: Breakage;
  readonly cells: readonly string[];
  readonly promise: string;
  /** Whether it is tried with every `npm test`: those that come first to mind, and one at least for each promise. */
  readonly everyRun?: true;
}

const CASES: readonly Case[] = [
  {
    what: "closes its listeners instead of parking them",
    breakage: { from: "listeners.park();", to: "listeners.close();" },
    cells: ["child/commitReceived/sigkill"],
    promise: "INV-2",
    everyRun: true,
  },
  {
    what: "closes its listeners once its parent has left",
    breakage: {
      from: "discardDropped: () => listeners.discardDropped(),",
      to: "discardDropped: () => listeners.close(),",
    },
    cells: ["parent/boot/none"],
    promise: "INV-1",
    everyRun: true,
  },
  {
    what: "leaves once commit is sent",
    breakage: {
      from: 'sendCommit: () => this.#send({ type: "commit" }),',
      to: 'sendCommit: () => { this.#send({ type: "commit" }); setTimeout(() => process.exit(0), 5); },',
    },
    cells: ["parent/boot/none"],
    promise: "INV-4",
    everyRun: true,
  },
  {
    what: "takes the service back without ending a child that hangs",
    breakage: {
      from: "killChild: () => this.#attempt?.kill(),",
      to: 'killChild: () => this.#driver.dispatch("childExited"),',
    },
    cells: ["child/accepting/stopLong"],
    promise: "INV-3",
    everyRun: true,
  },
  {
    what: "waits for a child that hangs, and never ends it",
    breakage: {
      from: 'deadlineExpired: { next: "ending", effects: ["killChild"] }',
      to: 'deadlineExpired: { next: "ending" }',
    },
    cells: ["child/adopted/stopForever"],
    promise: "INV-5",
  },
  {
    what: "is more patient with a child that never is ready than it said",
    breakage: { from: 'preparing: "ready",', to: 'preparing: "drain",' },
    cells: ["child/boot/neverReady"],
    promise: "INV-5",
  },
  {
    what: "keeps to itself as a child why it failed",
    breakage: {
      from: 'sendAbort: () => this.#send({ type: "abort", ...reasonFields(this.#driver.reason ?? terminated()) }),',
      to: "sendAbort: () => {},",
    },
    cells: ["child/boot/wrongListener"],
    promise: "INV-6",
  },
  {
    what: "does not hear SIGHUP while it drains",
    breakage: {
      from: 'handoffRequested: { next: "draining", effects: ["sendRequest"] }',
      to: 'handoffRequested: { next: "draining" }',
    },
    cells: ["parent/draining/secondSighup"],
    promise: "INV-5",
    everyRun: true,
  },
  {
    what: "forgets that it was asked again while a handoff failed",
    breakage: {
      from: '{\n    when: "requested",\n    next: "spawning",\n    effects: [...first, "reportAborted", "spawnChild"],\n    forgets: "requested"\n  },',
      to: "",
    },
    cells: ["child/boot/askedWhileFailing"],
    promise: "INV-5",
  },
  {
    what: "waits for its clients for ever",
    breakage: { from: 'draining: "drain",', to: "" },
    cells: ["parent/boot/stuckClient"],
    promise: "INV-5",
  },
  {
    what: "waits for its clients for ever when the service ends",
    breakage: { from: 'stopping: "drain"', to: "" },
    cells: ["parent/ready/sigterm"],
    promise: "INV-5",
  },
  {
    what: "waits for its clients for ever once it has no way back",
    breakage: { from: 'departing: "drain",', to: "" },
    cells: ["parent/draining/secondSighup"],
    promise: "INV-5",
  },
  {
    what: "cuts its clients as soon as it has handed over",
    breakage: {
      from: 'draining: "drain",\n    departing: "drain",',
      to: 'draining: "relinquish",\n    departing: "relinquish",',
    },
    cells: ["parent/boot/stuckClient"],
    promise: "INV-4",
  },
  {
    what: "hands over further without asking its parent to give up its way back",
    breakage: {
      from: 'requestReceived: { next: "relinquishing", effects: ["sendRelinquish"] },',
      to: 'requestReceived: { next: "owner", effects: ["startHandoff"] },',
    },
    cells: ["parent/draining/secondSighup"],
    promise: "INV-3",
  },
  {
    what: "says that it gave up its way back, and keeps it",
    breakage: {
      from: 'relinquishReceived: { next: "departing", effects: ["releaseListeners", "sendRelinquished"] },',
      to: 'relinquishReceived: { next: "draining", effects: ["sendRelinquished"] },',
    },
    cells: ["parent/draining/secondSighup"],
    promise: "INV-3",
  },
  {
    what: "lets exclusive work go on",
    breakage: { from: "const work = hooks.runRetire();", to: "const work = void 0;" },
    cells: ["parent/boot/none"],
    promise: "INV-3",
    everyRun: true,
  },
  {
    what: "does not wait until exclusive work has stopped",
    breakage: { from: "else work.then(() => done(), done);", to: "else work.catch(() => {}), done();" },
    cells: ["parent/boot/slowRetirement"],
    promise: "INV-3",
  },
  {
    what: "does not begin exclusive work again",
    breakage: { from: "void hooks.runResume(2 * deadlinesMs.park, log);", to: "" },
    cells: ["child/commitReceived/sigkill"],
    promise: "INV-6",
  },
  {
    what: "leaves exclusive work undone that stops too late",
    breakage: {
      from: "this.#retiredAt + retireMs - now(), log, () => {\n      if (!this.#retired) void resume();",
      to: "0, log, () => {",
    },
    cells: ["parent/boot/slowRetirement"],
    promise: "INV-6",
  },
  {
    what: "forgets to unpark",
    breakage: {
      from: "listeners.accept();\n    const { deadlinesMs, log }",
      to: "const { deadlinesMs, log }",
    },
    cells: ["child/commitReceived/sigkill"],
    promise: "INV-2",
    everyRun: true,
  },
  {
    what: "parks its listeners as soon as it starts a child",
    breakage: {
      from: 'reportAborted: () => this.#reportFailure("aborted"),',
      to: 'reportAborted: () => { listeners.accept(); this.#reportFailure("aborted"); }, spawnChild: () => { listeners.park(); this.#spawn(); },',
    },
    cells: ["child/adopted/stopForever"],
    promise: "INV-6",
    everyRun: true,
  },
  {
    what: "drops what is in flight at commit",
    breakage: {
      from: "drainConnections: () => this.#drain(),",
      to: "drainConnections: () => { drainer.cut(); this.#drain(); },",
    },
    cells: ["parent/boot/none"],
    promise: "INV-4",
    everyRun: true,
  },
  {
    what: "leaks a descriptor with each handoff that fails",
    breakage: {
      from: 'reportAborted: () => this.#reportFailure("aborted"),',
      to: 'reportAborted: () => { process.getBuiltinModule("node:fs").openSync("/dev/null"); this.#reportFailure("aborted"); },',
    },
    cells: ["child/ready/exit1"],
    promise: "INV-5",
    everyRun: true,
  },
  {
    what: "leaves with its parent, in the middle of the handoff",
    breakage: {
      from: 'parentDied: becomeOwner("owner", "startAccepting", "discardDropped", "reportOwner")',
      to: 'parentDied: { next: "left", effects: ["leave"] }',
    },
    cells: ["parent/parked/sigkill"],
    promise: "INV-2",
    everyRun: true,
  },
  {
    what: "leaves with its parent, while it boots",
    breakage: {
      from: 'parentDied: { next: "orphaned" }',
      to: 'parentDied: { next: "left", effects: ["leave"] }',
    },
    cells: ["parent/offerWritten/sigkill"],
    promise: "INV-2",
  },
  {
    what: "goes by what a dead parent said last",
    breakage: {
      from: "!awaitsParent.has(state2) || !this.#watch.parentIsGone",
      to: "true",
    },
    cells: ["parent/parked/noiseThenDeath", "parent/parked/abortThenDeath"],
    promise: "INV-2",
  },
  {
    what: "has no patience with a child that stops for a moment",
    breakage: {
      from: "const ms = this.#options.deadlinesMs[now2];",
      to: 'const ms = now2 === "commit" ? 100 : this.#options.deadlinesMs[now2];',
    },
    cells: ["child/commitReceived/stopShort"],
    promise: "INV-6",
  },
  {
    what: "ends the service when a child is told to end that is not owner yet",
    breakage: {
      from: 'abortReceived: { next: "aborting", effects: first },',
      to: 'abortReceived: { next: "aborting", effects: first, notes: "stopping" },',
    },
    cells: ["child/adopted/sigterm"],
    promise: "INV-2",
  },
  {
    what: "takes nothing back after commit",
    breakage: {
      from: 'childExited: { next: "serving", effects: ["resumeConnections", "unparkListeners", "reportRolledBack"] },\n      channelEnded: { next: "fencing", effects: ["killChild"] },',
      to: 'childExited: because2("the child is owner"), channelEnded: because2("the child is owner"),',
    },
    cells: ["child/draining/sigkill"],
    promise: "INV-2",
  },
  {
    what: "keeps to itself as an owner that it was told to end the service",
    breakage: {
      from: 'terminationRequested: { next: "left", effects: ["sendStop", "stopServing"] }',
      to: 'terminationRequested: { next: "left", effects: ["stopServing"] }',
    },
    cells: ["child/draining/sigterm"],
    promise: "INV-5",
  },
  {
    what: "commits before its child has the state",
    breakage: {
      from: '{ when: "stateful", next: "transferring", effects: ["sendFinalState"] },\n',
      to: "",
    },
    cells: ["parent/boot/none"],
    promise: "INV-6",
  },
  {
    what: "can hand over only once",
    breakage: {
      from: "spawn() {\n    try {",
      to: 'spawn() {\n    if (this.#service.number > 1) return this.#machine.dispatch("spawnFailed");\n    try {',
    },
    cells: ["parent/boot/none"],
    promise: "INV-6",
  },
  {
    what: "leaves the service to an owner that it hears no more",
    breakage: {
      from: 'channelEnded: { next: "fencing", effects: ["killChild"] },\n      relinquishReceived',
      to: 'channelEnded: because2("the child is owner"),\n      relinquishReceived',
    },
    cells: ["child/committed/closedChannel"],
    promise: "INV-6",
  },
  {
    what: "ends an owner for noise",
    breakage: {
      from: 'protocolViolated: because2(\n        "the child is owner and may serve well: only its exit brings the listeners back"\n      ),',
      to: 'protocolViolated: { next: "fencing", effects: ["killChild"] },',
    },
    cells: ["child/batchAdopted/garbageFrame"],
    promise: "INV-6",
  },
  {
    what: "ends an owner that stands still",
    breakage: {
      from: "this.#stalled = stalled;\n",
      to: "this.#stalled = stalled; if (stalled) this.#link.kill();\n",
    },
    cells: ["child/batchSent/stopLong"],
    promise: "INV-6",
  },
  {
    what: "hands over once more than it was asked to",
    breakage: {
      from: "startHandoff: () => void this.#parent.request(),",
      to: "startHandoff: () => { this.#parent.request(); if (this.number === 2) this.#parent.request(); },",
    },
    cells: ["parent/draining/secondSighup"],
    promise: "INV-5",
  },
  {
    what: "leaves a timer running with each handoff",
    breakage: {
      from: 'sendCommitted: () => this.#send({ type: "committed" }),',
      to: 'sendCommitted: () => { setInterval(() => {}, 1e6); this.#send({ type: "committed" }); },',
    },
    cells: ["parent/boot/none"],
    promise: "INV-5",
  },
  {
    what: "gives others rights to its control socket",
    breakage: {
      file: "control-socket.cjs",
      from: "chmodSync)(temporary, 384)",
      to: "chmodSync)(temporary, 438)",
    },
    cells: ["parent/boot/none"],
    promise: "INV-8",
  },
  {
    what: "leaves only at its drain deadline",
    breakage: { from: "if (waitingFor === 0) afterReading", to: "if (waitingFor < 0) afterReading" },
    cells: ["parent/boot/none"],
    promise: "INV-5",
  },
  {
    what: "takes no connections over",
    breakage: { from: "protocols: this.#adopter?.protocols ?? []", to: "protocols: []" },
    cells: ["parent/boot/none"],
    promise: "INV-4",
    everyRun: true,
  },
  {
    what: "leaves a temporary file behind with each handoff",
    breakage: {
      from: 'sendCommitted: () => this.#send({ type: "committed" }),',
      to: 'sendCommitted: () => { process.getBuiltinModule("node:fs").mkdtempSync(process.getBuiltinModule("node:os").tmpdir() + "/left-"); this.#send({ type: "committed" }); },',
    },
    cells: ["parent/boot/none"],
    promise: "INV-5",
  },
  {
    what: "leaves once the metadata is sent",
    breakage: {
      from: 'this.#machine.dispatch("childSpawned");',
      to: 'this.#machine.dispatch("childSpawned"); this.#service.listeners.stopAccepting(); setTimeout(() => process.exit(0), 50);',
    },
    cells: ["child/adopted/sigkill"],
    // Whether the child was born before or after its parent had gone is luck, and with it whether nobody is left (INV-2) or the child owns
    // what was to be its parent's (INV-6). What the parent was answering is lost in either case.
    promise: "INV-4",
    everyRun: true,
  },
  {
    what: "drains on after it took the service back",
    breakage: { from: "this.#service.drainer.resume();", to: "" },
    cells: ["child/draining/sigkill", "child/committed/sigkill"],
    promise: "INV-6",
  },
  {
    what: "takes released connections, and never listens to them",
    breakage: {
      from: "for (const connection of held) this.#open(connection);\n    this.#drainer.check();\n    return",
      to: "return",
    },
    cells: ["parent/boot/none"],
    promise: "INV-4",
  },
  {
    what: "closes its copies as it sends them",
    breakage: {
      from: "sendConnections: () => this.#attempt?.moves?.send(),",
      to: "sendConnections: () => { this.#attempt?.moves?.send(); this.#attempt?.moves?.release(); },",
    },
    cells: ["child/batchAdopted/emfileBatch"],
    promise: "INV-4",
  },
  {
    what: "lets whatever it starts have the connections that it adopted",
    breakage: { from: "MSG_CMSG_CLOEXEC: 1073741824", to: "MSG_CMSG_CLOEXEC: 0" },
    cells: ["parent/boot/none"],
    promise: "INV-8",
    everyRun: true,
  },
  {
    what: "keeps what it got of a batch that it refuses",
    breakage: {
      from: "closeAll(descriptors2);\n      return descriptors2.length <",
      to: "return descriptors2.length <",
    },
    cells: ["child/batchAdopted/emfileBatch"],
    promise: "INV-5",
  },
  {
    what: "keeps to itself that it cannot hear its parent any more",
    breakage: { from: "this.#adopter.decline();", to: "return;" },
    cells: ["parent/draining/oversizedFrame"],
    promise: "INV-4",
  },
  {
    what: "ends as it makes ready for its next handoff",
    breakage: {
      from: "async prepare() {\n    const { spawner, compiled: compiled2 } = this.#service;",
      to: "async prepare() {\n    if (this.#service.number > 1) setTimeout(() => process.exit(0), 600);\n    const { spawner, compiled: compiled2 } = this.#service;",
    },
    cells: ["parent/boot/none"],
    promise: "INV-2",
  },
  {
    what: "forgets that it was asked again when it takes the service back",
    breakage: {
      from: '{\n    when: "requested",\n    next: "spawning",\n    effects: ["resumeConnections", "unparkListeners", "reportRolledBack", "spawnChild"],\n    forgets: "requested"\n  },',
      to: "",
    },
    cells: ["child/accepting/exitWhenAsked"],
    promise: "INV-5",
  },
  {
    what: "forgets that it was told to end when it takes the service back",
    breakage: {
      from: '{\n    when: "stopping",\n    next: "stopping",\n    effects: ["resumeConnections", "reportRolledBack", "closeListeners", "drainConnections"]\n  },',
      to: "",
    },
    cells: ["child/accepting/exitWhenStopped"],
    promise: "INV-5",
  },
  {
    what: "does not hear SIGINT",
    breakage: { from: 'process.on("SIGINT", () => generation.stop());', to: "" },
    cells: ["parent/adopted/sigterm"],
    promise: "INV-5",
  },
  {
    what: "leaves without a farewell",
    breakage: {
      from: 'drained: { next: "left", effects: ["sendFarewell", "leave"] },',
      to: 'drained: { next: "left", effects: ["leave"] },',
    },
    cells: ["parent/lastConnection/stopShort"],
    promise: "INV-6",
  },
  {
    what: "takes what its application refuses for taken",
    breakage: { from: "this.#listener.rejected(refused(stream.name, phase, version, cause));", to: "" },
    cells: ["child/boot/refusedState"],
    promise: "INV-6",
  },
  {
    what: "keeps to itself that it cannot give its state out",
    breakage: { from: "this.#failed(exportFailed(wanted.stream, phase, cause));", to: "" },
    cells: ["parent/boot/failedExport"],
    promise: "INV-6",
  },
  {
    what: "does not tell its child that it cannot give its state out",
    breakage: {
      from: 'stateAdoptedReceived: { next: "committing", effects: ["sendCommit"] },\n      exportFailed: { next: "aborting", effects: ["unparkListeners", "sendAbort"] }',
      to: 'stateAdoptedReceived: { next: "committing", effects: ["sendCommit"] },\n      exportFailed: { next: "aborting", effects: ["unparkListeners"] }',
    },
    cells: ["parent/boot/failedExport"],
    promise: "INV-6",
  },
  {
    what: "gives its state out before its work has stopped",
    breakage: { from: 'phase === "warm" ? stream?.warm : stream?.export', to: "stream?.export" },
    cells: ["parent/boot/none"],
    promise: "INV-3",
  },
  {
    what: "moves connections of which half a request has come",
    breakage: { from: "return this.#bytes.get(socket) === socket.bytesRead;", to: "return true;" },
    cells: ["parent/boot/none", "child/boot/slowBoot", "child/boot/releaseSwitched"],
    promise: "INV-4",
  },
  {
    what: "waits as a child for ever for commit",
    breakage: { from: 'deadlines: { ready: "commit", relinquishing', to: "deadlines: { relinquishing" },
    cells: ["parent/ready/stopLong", "parent/parked/stopLong"],
    promise: "INV-2",
  },
  {
    what: "waits as a child for as long as its parent may drain",
    breakage: { from: "commit: offer2.deadlines.commitMs }", to: "commit: deadlinesMs.drain }" },
    cells: ["parent/ready/stopLong", "parent/parked/stopLong"],
    promise: "INV-2",
  },
  {
    what: "waits for a child that was told to leave as for its clients",
    breakage: { from: 'aborting: "exit"', to: 'aborting: "drain"' },
    cells: ["child/adopted/stopForever"],
    promise: "INV-5",
  },
  {
    what: "waits for committed as long as for ready",
    breakage: { from: 'committing: "commit"', to: 'committing: "ready"' },
    cells: ["child/commitReceived/stopForever"],
    promise: "INV-5",
  },
  {
    what: "gives its clients twice the time it said",
    breakage: {
      from: "const ms = this.#options.deadlinesMs[now2];",
      to: 'const ms = this.#options.deadlinesMs[now2] * (now2 === "drain" ? 2 : 1);',
    },
    cells: ["parent/boot/stuckClient"],
    promise: "INV-5",
  },
  {
    what: "leaves as soon as it has handed over",
    breakage: { from: "setTimeout(done, stayMs);", to: "done();" },
    cells: ["parent/boot/none"],
    promise: "INV-2",
  },
  {
    what: "never reports a handoff that succeeded",
    breakage: {
      from: "if (this.#committed) this.#service.concluded({ ...this.#committed, drain: drainer.counts() });",
      to: "",
    },
    cells: ["parent/boot/none"],
    promise: "INV-6",
  },
  {
    what: "reports a handoff twice",
    breakage: { from: "publishReport(report);", to: "publishReport(report), publishReport(report);" },
    cells: ["parent/boot/none"],
    promise: "INV-6",
  },
  {
    what: "calls a handoff aborted that was rolled back",
    breakage: { from: 'this.#reportFailure("rolledBack")', to: 'this.#reportFailure("aborted")' },
    cells: ["child/commitReceived/sigkill"],
    promise: "INV-6",
  },
  {
    what: "waits for its drain deadline when the service ends",
    breakage: {
      from: 'terminationRequested: { next: "stopping", effects: ["closeListeners", "drainConnections"] }',
      to: 'terminationRequested: { next: "stopping", effects: ["closeListeners"] }',
    },
    cells: ["child/lastConnection/sigterm", "child/exiting/sigterm"],
    promise: "INV-5",
  },
  {
    what: "takes for idle when the service ends who has not been sent all of an answer",
    breakage: {
      from: "({ writable, writableLength }) => writable && writableLength === 0",
      to: "() => true",
    },
    // Somebody has to be in the middle of reading: about every third time.
    cells: [
      "parent/spawned/sigterm",
      "parent/offerWritten/sigterm",
      "parent/accepted/sigterm",
      "parent/adopted/sigterm",
      "parent/ready/sigterm",
      "parent/parked/sigterm",
      "parent/commitSent/sigterm",
      "parent/draining/sigterm",
      "parent/exiting/sigterm",
    ],
    promise: "INV-4",
  },
  {
    what: "leaves its path behind when the service ends",
    breakage: {
      from: 'effects: ["reportAborted", "closeListeners", "drainConnections"]',
      to: 'effects: ["reportAborted", "drainConnections"]',
    },
    cells: ["parent/adopted/sigterm"],
    promise: "INV-5",
  },
  {
    what: "leaves its control socket behind when the service ends",
    breakage: {
      file: "control-socket.cjs",
      from: 'process.once("exit", () => this.#close());',
      to: "",
    },
    cells: ["parent/adopted/sigterm"],
    promise: "INV-5",
  },
  {
    what: "is at exclusive work to its end",
    breakage: { from: "const retire = hooks.runRetire();", to: "const retire = void 0;" },
    cells: ["parent/adopted/sigterm"],
    promise: "INV-3",
  },
  {
    what: "does not run onExit hooks",
    breakage: { from: "await hooks.runExit()", to: "await void 0" },
    cells: ["parent/boot/none"],
    promise: "INV-4",
  },
  {
    what: "leads tools to a child that is gone",
    breakage: {
      file: "control-socket.cjs",
      from: 'if (!this.#open || report.outcome !== "rolledBack") return;',
      to: "return;",
    },
    cells: ["child/draining/sigkill", "child/batchTaken/sigkill", "child/moving/sigkill"],
    promise: "INV-6",
  },
  {
    what: "lets whatever it starts have its compiled code",
    breakage: { from: "MFD_CLOEXEC = 1", to: "MFD_CLOEXEC = 0" },
    cells: ["parent/boot/none"],
    promise: "INV-8",
  },
  {
    what: "does not know that it is the owner",
    breakage: { from: "return owners.has(this.#child.state) &&", to: "return false &&" },
    cells: ["parent/boot/none"],
    promise: "INV-3",
  },
  {
    what: "leaves the PID file to the generation before it",
    breakage: { from: "this.#pidFile?.write();", to: "if (this.#generation === 1) this.#pidFile?.write();" },
    cells: ["parent/boot/none"],
    promise: "INV-6",
  },
  {
    what: "keeps a listener that a release has dropped",
    breakage: { from: "discardDropped: () => listeners.discardDropped(),", to: "discardDropped: () => {}," },
    cells: ["child/boot/releaseSwitched"],
    promise: "INV-5",
  },
  {
    what: "insists on the newest version that it speaks",
    breakage: {
      from: "const meet = negotiate(offer2.protocol, supportedVersions) !== void 0;",
      to: "const meet = offer2.protocol.max === supportedVersions.max;",
    },
    cells: ["parent/boot/overlappingVersions"],
    promise: "INV-7",
    everyRun: true,
  },
  {
    what: "does not say which versions do not meet",
    breakage: {
      from: "const parent = formatVersions(offer2.protocol);",
      to: 'const parent = "another";',
    },
    cells: ["parent/boot/newerParent"],
    promise: "INV-7",
  },
  {
    what: "keeps to itself what its child said of versions",
    breakage: {
      from: 'remoteError("child", "VERSION_UNSUPPORTED", message3.message)',
      to: 'remoteError("child", "VERSION_UNSUPPORTED", "")',
    },
    cells: ["child/boot/newerChild"],
    promise: "INV-7",
  },
];

const tried =
  process.env.HEIRLOOM_TEST_BREAKAGES === "all" ? CASES : CASES.filter(({ everyRun }) => everyRun);

describe("the chaos run can fail", () => {
  it("finds nothing in the runtime as it is", async () => {
    const { status, verdict } = await judged(["parent/boot/none", "child/ready/exit1"]);
    expect({ status, broken: brokenIn(verdict) }).toEqual({ status: 0, broken: [] });
  });

  // Most of them wait for a deadline most of the time.
  it.concurrent.each(tried)(
    "names $promise where the runtime $what",
    async ({ breakage, cells, promise }) => {
      const { status, verdict } = await withBroken(breakage, (runtime) => judged(cells, runtime));
      expect(status).toBe(1);
      expect(verdict.verdict).toBe("broken");
      expect(brokenIn(verdict)).toContain(promise);
    },
  );
});
