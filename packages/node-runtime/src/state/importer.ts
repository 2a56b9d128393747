import { HandoffError, type State, type StatePhase } from "@heirloom/protocol";
import type { Channel } from "../channel.js";
import type { Carried, CarriedStream } from "./carry-options.js";
import { Incoming } from "./incoming.js";

export interface ImportListener {
  /** The final state of everything that is wanted was imported. Once. */
  imported(): void;
  /** The application does not take it. At most once. */
  rejected(error: HandoffError): void;
}

/** A stream that was asked for, and where it stands. */
interface Wanted {
  readonly stream: Carried;
  readonly status: { readonly name: string; imported: CarriedStream["imported"] };
  /** The phase whose pieces are to come. Undefined: none. */
  awaited: StatePhase | undefined;
  incoming: Incoming | undefined;
  /** Phases that are imported, or in which there was nothing. */
  readonly done: Set<StatePhase>;
}

/** Takes the streams that this child wants from its parent, no faster than the application takes them. */
export class Importer {
  readonly #listener: ImportListener;
  readonly #wanted = new Map<string, Wanted>();
  #channel: Channel | undefined;
  #whenWarm: (() => void) | undefined;
  #over = false;

  constructor(listener: ImportListener) {
    this.#listener = listener;
  }

  /** State was agreed on: what is wanted from here on is asked for on this channel. */
  begin(channel: Channel): void {
    this.#channel = channel;
  }

  /** Whether a stream can be asked for. */
  get agreed(): boolean {
    return this.#channel !== undefined && !this.#over;
  }

  want(stream: Carried): CarriedStream {
    const status: Wanted["status"] = { name: stream.name, imported: "nothing" };
    const fresh: Wanted = { stream, status, awaited: "warm", incoming: undefined, done: new Set() };
    if (this.agreed) this.#wanted.set(stream.name, fresh);
    return status;
  }

  /** Asks for what was wanted last. */
  ask(): void {
    const latest = [...this.#wanted.values()].at(-1);
    if (latest === undefined) return;
    const { name, version } = latest.stream;
    this.#channel?.send({ type: "state-wanted", stream: name, version });
  }

  /** Calls back when no warm state is on its way any more; that can be at once. */
  onceWarm(callback: () => void): void {
    this.#whenWarm = callback;
    this.#check();
  }

  /** Whether a piece may come now. `parked`: this side has said ready, and the parent has parked. */
  expects({ stream, phase }: State, parked: boolean): boolean {
    return this.#wanted.get(stream)?.awaited === phase && (phase === "final") === parked;
  }

  take({ stream, phase, version, bytes, last }: State): void {
    const wanted = this.#wanted.get(stream);
    if (wanted === undefined || this.#over) return;
    if (version === undefined) {
      wanted.done.add(phase);
    } else {
      wanted.incoming ??= this.#import(wanted, phase, version);
      wanted.incoming.put(bytes, last);
      this.#pace();
    }
    if (last) wanted.awaited = phase === "warm" ? "final" : undefined;
    this.#check();
  }

  /** Nothing more comes: the handoff is committed, or the parent is gone. What is not whole fails in its importer. */
  end(): void {
    this.#over = true;
    for (const { incoming } of this.#wanted.values()) incoming?.fail(parentGone());
    this.#check();
  }

  #import(wanted: Wanted, phase: StatePhase, version: number): Incoming {
    const { stream, status, done } = wanted;
    const incoming = new Incoming(version, phase, () => this.#pace());
    const settled = () => {
      wanted.incoming = undefined;
      this.#pace();
      this.#check();
    };
    // In a function of its own, so that what an import throws at once is a rejection as well.
    const work = async () => stream.import(incoming);
    Promise.all([work().finally(() => incoming.discard()), incoming.whole]).then(
      () => {
        status.imported = phase;
        done.add(phase);
        settled();
      },
      (cause: unknown) => {
        settled();
        if (this.#over) return;
        this.#over = true;
        this.#listener.rejected(refused(stream.name, phase, version, cause));
      },
    );
    return incoming;
  }

  /** Reads on, unless the application is busy with what was read. */
  #pace(): void {
    if ([...this.#wanted.values()].some(({ incoming }) => incoming?.busy)) this.#channel?.pause();
    else this.#channel?.resume();
  }

  #check(): void {
    const all = [...this.#wanted.values()];
    // What a parent left behind whole is imported to its end, even if that parent is dead.
    const underWay = ({ done, incoming }: Wanted) =>
      !done.has("warm") && (!this.#over || incoming?.isWhole === true);
    if (this.#whenWarm !== undefined && !all.some(underWay)) {
      const whenWarm = this.#whenWarm;
      this.#whenWarm = undefined;
      whenWarm();
    }
    if (!this.#over && all.length > 0 && all.every(({ done }) => done.has("final"))) {
      this.#over = true;
      this.#listener.imported();
    }
  }
}

function refused(name: string, phase: StatePhase, version: number, cause: unknown): HandoffError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HandoffError("STATE_REFUSED", {
    message: `the child refused the ${phase} state ${JSON.stringify(name)} in format ${version}: ${why}`,
    cause,
  });
}

function parentGone(): HandoffError {
  return new HandoffError("PARENT_LOST", {
    message: "the parent died before it had given out all of this state: start without it",
  });
}
