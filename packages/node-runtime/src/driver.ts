import {
  type Deadline,
  type Deadlines,
  HandoffError,
  type Position,
  type Role,
  step,
} from "@heirloom/protocol";
import { afterReading } from "./event-loop.js";
import { publishEffect, publishEvent } from "./steps.js";

/** What executes one effect. It returns at once; what comes of the effect later is dispatched as an event. */
export type Effects<Effect extends string> = Readonly<Record<Effect, () => void>>;

export interface DriverOptions<S extends string, Ev extends string, Ef extends string, F extends string> {
  readonly role: Role<S, Ev, Ef, F>;
  readonly initial: S;
  /** The number of this process's generation. */
  readonly generation: number;
  readonly deadlinesMs: Deadlines;
  readonly effects: Effects<Ef>;
  /** The event that a deadline of the role's states comes back as. */
  readonly expired: Ev;
  /**
   * Called before an event is taken, with the chance to put another in its place, or none: a death that has happened
   * and was not told yet outranks whatever the dead process said or failed to do.
   */
  readonly look?: (event: Ev, state: S) => Ev | undefined;
  /** Called with each new state, before the effects that lead into it. */
  readonly entered?: (state: S) => void;
}

/**
 * Runs one machine: takes events, walks the table, executes effects in order, keeps the deadline of the state.
 * Run to completion: an event that comes up while effects are being executed waits for the last of them.
 * @see spec/v1/states.md
 */
export class Driver<S extends string, Ev extends string, Ef extends string, F extends string> {
  readonly #options: DriverOptions<S, Ev, Ef, F>;
  readonly #waiting: { event: Ev; reason: HandoffError | undefined }[] = [];
  #position: Position<S, F>;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #reason: HandoffError | undefined;

  constructor(options: DriverOptions<S, Ev, Ef, F>) {
    this.#options = options;
    this.#position = { state: options.initial, facts: [] };
  }

  get state(): S {
    return this.#position.state;
  }

  /** The first reason that an event gave since the last `forgetReason`. */
  get reason(): HandoffError | undefined {
    return this.#reason;
  }

  forgetReason(): void {
    this.#reason = undefined;
  }

  /**
   * Takes one event. Returns why the table ignores it, or undefined.
   * @throws HandoffError EVENT_UNEXPECTED where the table has no row and the event is not waiting behind another
   */
  dispatch(event: Ev, reason?: HandoffError): string | undefined {
    if (this.#running) {
      this.#waiting.push({ event, reason });
      return undefined;
    }
    this.#running = true;
    try {
      const ignored = this.#take(event, reason);
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#take(next.event, next.reason);
      }
      return ignored;
    } finally {
      this.#running = false;
    }
  }

  #take(happened: Ev, reason: HandoffError | undefined): string | undefined {
    const { role, generation, effects, entered, look } = this.#options;
    const from = this.#position;
    const event = look === undefined ? happened : look(happened, from.state);
    if (event === undefined) return undefined;
    const { position, effects: due, ignored } = step(role, from, event);
    publishEvent({ generation, role: role.name, event, from: from.state, to: position.state });
    if (ignored !== undefined) return ignored;
    this.#reason ??= reason;
    this.#position = position;
    if (position.state !== from.state) {
      this.#keepDeadline(from.state, position.state);
      entered?.(position.state);
    }
    for (const effect of due) {
      publishEffect({ generation, role: role.name, effect, when: "before" });
      effects[effect]();
      publishEffect({ generation, role: role.name, effect, when: "after" });
    }
    return undefined;
  }

  #keepDeadline(from: S, to: S): void {
    const { deadlines, anew } = this.#options.role;
    const now = deadlines[to];
    if (now === deadlines[from] && !anew?.includes(to)) return;
    clearTimeout(this.#timer);
    // One that has fired already and is looking at the sockets is void, too.
    this.#timer = undefined;
    if (now === undefined) return;
    const ms = this.#options.deadlinesMs[now];
    const timer = setTimeout(() => {
      // The news that it waits for may have come.
      afterReading(() => {
        if (this.#timer === timer) this.dispatch(this.#options.expired, deadlineError(now, ms, this.state));
      });
    }, ms);
    this.#timer = timer;
  }
}

function deadlineError(deadline: Deadline, ms: number, state: string): HandoffError {
  return new HandoffError("DEADLINE_EXPIRED", {
    message: `the ${deadline} deadline of ${ms} ms passed while ${state}: see what kept the other side, or raise ${deadline}DeadlineMs`,
  });
}
