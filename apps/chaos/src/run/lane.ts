import { rmSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Evidence, isNewConnection, type Process, type Violation } from "../judge/evidence.js";
import { judge } from "../judge/judge.js";
import { processesWith } from "../kernel/process.js";
import { now } from "../now.js";
import { isStuck, type Turn } from "../plan/cell.js";
import { MOMENT_NAMES, MOMENTS } from "../plan/moment.js";
import { DEADLINES, RECOVERY_MS, SETTLE_MS } from "../victim/deadlines.js";
import { type Order, STARTED_ACCEPTING } from "../victim/order.js";
import { Books } from "./books.js";
import { Clients } from "./clients.js";
import { eventually, pause } from "./clock.js";
import { type Fault, letGo, signal, strike } from "./fault.js";
import { HalfRequest } from "./half-request.js";
import { exposedBy, leftoversOf, misledBy, timersOf } from "./leftovers.js";
import { type TurnResult, unplayed } from "./result.js";
import { type Programs, Service } from "./service.js";
import type { Track } from "./watch.js";

/** How long one process must have been alone, owner, and without a handoff before the service counts as settled. */
const QUIET_MS = 120;
/** The same where something may be yet to follow. */
const FOLLOWED_MS = 1_000;
const SETTLE_EVERY_MS = 25;
const STRIKE_MS_MAX = 9_000;
const CONTROL_MS_MAX = 3_000;
/** Between two looks at what a process has open. */
const REST_MS = 100;
const WORK_MS_MAX = 1_500;
const LOADED_RECORDS = 20;
const LOADED_MS_MAX = 2_000;
const NOT_A_HANDOFF = new Set([undefined, "serving"]);
/** The further handoff that was asked for, or the return of a hook that is waited for no longer. */
const FOLLOWED = new Set<Turn["kind"]>(["secondSighup", "sighupStorm", "slowRetirement"]);
/** Until the child is owner deadlines run: of a handoff that takes half of one to get there, the fault is another than was meant. */
const HURRIED = new Set<Turn["moment"]>(MOMENT_NAMES.slice(0, MOMENT_NAMES.indexOf("draining")));
const SLOW_MS = DEADLINES.readyDeadlineMs / 2;
/** Where a process stops itself in a fault of the whole handoff. */
const STOPS: Partial<Record<Turn["kind"], Pick<Order, "role" | "point">>> = {
  emfileParent: { role: "parent", point: { source: "effect", name: "spawnChild", when: "before" } },
  askedWhileFailing: { role: "child", point: { source: "app", name: "adopted" } },
};
const NOWHERE = { role: "parent", point: { source: "boot", name: "nowhere" } } as const;
const OWNS = new Set([undefined, "owner"]);
const GONE: Violation = {
  invariant: "INV-2",
  text: "the owner ended after all was over, and nobody told it to",
};
const UNSTARTABLE: Violation = { invariant: "INV-5", text: "the service does not start any more" };

/** One victim with its clients, through which turn after turn goes. */
export class Lane {
  readonly #service: Service;
  readonly #clients: Clients;
  #running = false;
  #fullDisk = false;
  #release: "1" | "2" = "1";
  #orders = 0;
  /** What the first generation had open before anything happened: every owner at rest has the same. */
  #atRest: Record<string, number> = {};
  #timers = 0;
  /** Of the turn before, where nothing has followed it yet in this service. */
  #unfollowed: Turn | undefined;
  readonly #books: Books;

  constructor(folder: string, programs: Programs) {
    this.#service = new Service(folder, programs);
    this.#clients = new Clients(programs.clients);
    this.#books = new Books(folder);
  }

  /** One turn: the fault, what comes of it, a further handoff unless the next turn's is to be that, and the verdict on both. */
  async run(turn: Turn): Promise<TurnResult> {
    const startedAt = now();
    const fullDisk = turn.kind === "fullDisk";
    if (this.#fullDisk !== fullDisk) await this.stop();
    if (!this.#running && !(await this.#start(fullDisk))) {
      return this.#unplayable(turn, startedAt, UNSTARTABLE);
    }
    const unfollowed = this.#unfollowed;
    this.#unfollowed = undefined;
    const struck = await this.#handoff(turn);
    if (struck === undefined) return this.#unplayable(turn, startedAt, GONE);
    const evidence = [struck.evidence];
    const { violations, ...verdict } = judge(struck.evidence);
    let all = [...violations];
    if (struck.evidence.settled !== "owner") await this.#bury();
    else if (turn.followed === false) this.#unfollowed = turn;
    else {
      // Whatever happened: the next handoff has to succeed.
      const plain = await this.#handoff({ victim: "parent", moment: "boot", kind: "none", side: "before" });
      const second = plain === undefined ? [GONE] : judge(plain.evidence).violations;
      all = [
        ...all,
        ...second.map(({ invariant, text }) => ({ invariant, text: `in the handoff after it: ${text}` })),
      ];
      if (plain !== undefined) evidence.push(plain.evidence);
      if (plain?.evidence.settled !== "owner") await this.#bury();
    }
    // A service that broke a promise is no place to look for the next one.
    if (all.length > 0) await this.#bury();
    const said = this.#service.takeErrors();
    return {
      turn,
      unfollowed,
      startedAt,
      endedAt: now(),
      missed: struck.missed,
      late: struck.evidence.fault?.late ?? false,
      violations: all,
      said,
      ...verdict,
      evidence,
    };
  }

  /** Ends the service as an operator would, and everything that does not obey. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    await this.#clients.pause();
    for (const { pid } of this.#service.watch.alive) signal(pid, "SIGTERM");
    await eventually(() => processesWith(this.#service.marker).length === 0, 6_000, 25);
    await this.#bury();
  }

  async end(): Promise<void> {
    this.#clients.end();
    this.#service.watch.stop();
    await eventually(() => this.kill() === 0, 2_000, 20);
    rmSync(this.#service.folder, { recursive: true, force: true });
  }

  /** SIGKILLs every process that this lane's service ever became. Returns how many there were: they may have just started others. */
  kill(): number {
    const found = processesWith(this.#service.marker);
    for (const pid of found) signal(pid, "SIGKILL");
    return found.length;
  }

  async #start(fullDisk: boolean): Promise<boolean> {
    this.#fullDisk = fullDisk;
    this.#service.order(undefined);
    this.#service.executable(true);
    this.#service.release(this.#release);
    if (!(await this.#service.start(fullDisk ? "/dev/full" : undefined))) {
      this.kill();
      return false;
    }
    this.#running = true;
    // Before there is any load, once the start is over and what it needed is closed again.
    await eventually(() => this.#service.controlFiles().includes("current"), CONTROL_MS_MAX, 10);
    await eventually(() => this.#rests(), CONTROL_MS_MAX, REST_MS);
    this.#timers = (await timersOf(this.#service.targets.port)) ?? 0;
    this.#clients.start(this.#service.targets);
    // A service that nobody uses has nothing to lose.
    await eventually(() => this.#clients.records.length >= LOADED_RECORDS, LOADED_MS_MAX);
    return true;
  }

  /** Whether the first generation has the same open as at the last look. */
  #rests(): boolean {
    const last = this.#atRest;
    const [founder] = this.#service.watch.alive;
    if (founder === undefined) return true;
    this.#atRest = this.#service.inventoryOf(founder.pid);
    return isDeepStrictEqual(this.#atRest, last);
  }

  async #bury(): Promise<void> {
    await this.#clients.pause();
    await eventually(() => this.kill() === 0, 3_000, 10);
    this.#service.watch.sample();
    this.#unfollowed = undefined;
    this.#running = false;
  }

  /** Undefined: the service has ended since it was looked at last. */
  async #handoff(turn: Turn): Promise<{ evidence: Evidence; missed: boolean } | undefined> {
    const service = this.#service;
    service.watch.sample();
    service.watch.prune();
    service.takeLines();
    const parent = service.watch.alive[0];
    if (parent === undefined) return undefined;
    const before: Process = { pid: parent.pid, generation: parent.generation };
    const stuck = isStuck(turn) ? await HalfRequest.open(service.targets.port) : undefined;
    const requestedAt = now();
    const strikes = this.#arm(turn, parent);
    signal(parent.pid, "SIGHUP");
    const struck = await strikes;
    const slow = struck !== undefined && HURRIED.has(turn.moment) && struck.at - requestedAt > SLOW_MS;
    const fault = slow ? { ...struck, late: true } : struck;
    const missed = fault === undefined && turn.moment !== "boot";
    const settled = missed && !this.#isSettled(before) ? "unsettled" : await this.#settle(before, turn);
    const cutAt = stuck?.cutAt;
    stuck?.end();
    service.order(undefined);
    service.executable(true);
    const owner = settled === "owner" ? service.watch.alive[0] : undefined;
    if (fault !== undefined && settled === "owner") await this.#answersSince(fault.at);
    const works =
      owner !== undefined && (await eventually(() => this.#works(owner.pid, before), WORK_MS_MAX));
    const { records, closures } =
      settled === "owner" ? await this.#clients.flush() : await this.#clients.pause();
    const expectedRelease = this.#release;
    const found = records.filter(({ pid }) => owner !== undefined && pid === owner.pid).at(-1)?.release;
    const lines = service.takeLines();
    const evidence: Evidence = {
      turn,
      before,
      requestedAt,
      fault,
      settled,
      after: owner && { pid: owner.pid, generation: owner.generation },
      works,
      records,
      closures,
      cutAt,
      tracks: [...service.watch.tracks.values()].map((track) => ({ ...track, phases: [...track.phases] })),
      overlaps: [...service.watch.overlaps],
      lines,
      served: this.#books.read(),
      leftovers: await leftoversOf(service, {
        turn,
        settled,
        owner,
        tookOver: lines.some((line) => line.type === "step" && line.text === STARTED_ACCEPTING),
        atRest: this.#atRest,
        timers: this.#timers,
      }),
      exposed: await exposedBy(service, { turn, owner }),
      misled: await misledBy(service, { turn, owner }),
      release: { found: turn.kind === "releaseSwitched" ? found : undefined, expected: expectedRelease },
    };
    // A broken or switched release is put right for the handoff that follows.
    if (turn.kind === "scriptBroken") service.release(this.#release);
    if (turn.kind === "controlBlocked") service.blockControl(false);
    return { evidence, missed };
  }

  /** Prepares the fault. Resolves when it was done; undefined: it has no moment, or that did not come. */
  #arm(turn: Turn, parent: Track): Promise<Fault | undefined> {
    const service = this.#service;
    if (turn.kind === "releaseSwitched") {
      this.#release = this.#release === "1" ? "2" : "1";
      service.release(this.#release);
    }
    if (turn.kind === "scriptBroken") service.release("broken");
    if (turn.kind === "executableMissing") service.executable(false);
    if (turn.kind === "controlBlocked") service.blockControl(true);
    this.#orders += 1;
    const order = {
      id: this.#orders,
      kind: turn.kind,
      generation: parent.generation ?? 1,
      parentPid: parent.pid,
    };
    if (turn.moment === "random") {
      return pause(turn.delayMs ?? 0).then(() => strike(service, turn, parent.pid));
    }
    if (turn.moment === "boot") {
      // What the processes do to themselves here, they do without being looked at first.
      service.order({ ...order, ...(STOPS[turn.kind] ?? NOWHERE), strikes: true });
      service.onStruck = async (pid) => {
        if (turn.kind === "askedWhileFailing") await this.#askAgain(parent.pid);
        await letGo(pid);
      };
      return Promise.resolve(undefined);
    }
    const moment = MOMENTS[turn.moment];
    const strikes = turn.victim === moment.role;
    service.order({ ...order, role: moment.role, point: moment[turn.side], strikes });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), STRIKE_MS_MAX);
      service.onStruck = (pid, id, at) => {
        if (id !== order.id) return;
        clearTimeout(timer);
        strike(service, turn, parent.pid, { pid, at }).then(resolve, reject);
      };
    });
  }

  /** Nothing is to happen to the child that follows. */
  async #askAgain(parentPid: number): Promise<void> {
    this.#service.order(undefined);
    signal(parentPid, "SIGHUP");
    const heard = () =>
      this.#service.lines.filter(
        (line) => line.type === "step" && line.pid === parentPid && line.text.endsWith(": handoffRequested"),
      );
    await eventually(() => heard().length > 1, STRIKE_MS_MAX);
  }

  /** A service may have settled before any client has come anew: that one is what tells. */
  #answersSince(at: number): Promise<boolean> {
    return eventually(
      () => this.#clients.records.some((record) => record.start >= at && isNewConnection(record)),
      RECOVERY_MS,
    );
  }

  /** By what it said last; who has said nothing in this handoff goes on as before. */
  #works(pid: number, before: Process): boolean {
    const said = this.#service.lines.findLast((line) => line.type === "work" && line.pid === pid);
    return said?.type === "work" ? said.works : pid === before.pid;
  }

  async #settle(before: Process, { kind }: Turn): Promise<Evidence["settled"]> {
    let quietSince: number | undefined;
    const settled = await eventually(
      () => {
        if (!this.#isSettled(before)) quietSince = undefined;
        else quietSince ??= performance.now();
        const further = (this.#service.watch.alive[0]?.generation ?? 0) > (before.generation ?? 0) + 1;
        const enough = FOLLOWED.has(kind) && !further ? FOLLOWED_MS : QUIET_MS;
        return quietSince !== undefined && performance.now() - quietSince >= enough;
      },
      SETTLE_MS,
      SETTLE_EVERY_MS,
    );
    if (!settled) return "unsettled";
    return this.#service.watch.alive.length === 0 ? "ended" : "owner";
  }

  #isSettled(before: Process): boolean {
    const { watch, lines } = this.#service;
    const { alive } = watch;
    if (alive.length === 0) return processesWith(this.#service.marker).length === 0;
    const [only] = alive;
    if (only === undefined || alive.length > 1 || !only.accepts) return false;
    if (
      !NOT_A_HANDOFF.has(only.parentState) ||
      !(only.childState === undefined || OWNS.has(only.childState))
    ) {
      return false;
    }
    // Before the handoff has begun the parent is alone as well.
    return only.pid !== before.pid || lines.some((line) => line.type === "report" && line.pid === before.pid);
  }

  async #unplayable(turn: Turn, startedAt: number, violation: Violation): Promise<TurnResult> {
    await this.#bury();
    return unplayed(turn, startedAt, { violation, said: this.#service.takeErrors() });
  }
}
