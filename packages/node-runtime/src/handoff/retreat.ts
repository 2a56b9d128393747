import type { HandoffError } from "@heirloom/protocol";
import type { DrainMode } from "../drain/connection-tracker.js";
import { afterReading } from "../event-loop.js";
import type { Service } from "./service.js";

export interface RetreatListener {
  /** The listeners are parked, and exclusive work has stopped; or it has not. */
  parked(error?: HandoffError): void;
  /** Nothing that was accepted is open any more. */
  drained(): void;
}

/** How a generation steps back: it stops exclusive work, and finishes what it accepted. Both can be undone. */
export class Retreat {
  readonly #service: Service;
  readonly #listener: RetreatListener;
  /** Whether everything that was accepted is finished. */
  #finished = false;
  /** Numbers parks, so that one that was undone does not report back. */
  #park = 0;
  /** Numbers drains, likewise. */
  #drainage = 0;

  constructor(service: Service, listener: RetreatListener) {
    this.#service = service;
    this.#listener = listener;
  }

  get finished(): boolean {
    return this.#finished;
  }

  park(): void {
    const { listeners, hooks } = this.#service;
    listeners.park();
    const park = this.#park;
    const done = (error?: HandoffError) => {
      if (park === this.#park) this.#listener.parked(error);
    };
    const work = hooks.runRetire();
    if (work === undefined) done();
    else work.then(() => done(), done);
  }

  unpark(): void {
    const { listeners, hooks, settings } = this.#service;
    this.#park += 1;
    listeners.accept();
    const { deadlinesMs, log } = settings;
    // As long again as it had: one that is only slow stops its work, and then resumes it.
    void hooks.runResume(2 * deadlinesMs.park, log);
  }

  /** `stayMs`: how long this generation does not leave, even with nothing to finish. */
  drain(mode: (listener: string) => DrainMode, stayMs: number): void {
    const { listeners, drainer, hooks, settings } = this.#service;
    listeners.stopAccepting();
    this.#undo();
    const drainage = this.#drainage;
    let waitingFor = 3;
    const done = () => {
      waitingFor -= 1;
      if (waitingFor === 0) afterReading(() => this.#drained(drainage));
    };
    const retire = hooks.runRetire();
    if (retire === undefined) done();
    else retire.catch((error: HandoffError) => settings.log(error.message)).then(done);
    setTimeout(done, stayMs);
    drainer.begin(mode, done);
  }

  resume(): void {
    this.#undo();
    this.#service.drainer.resume();
  }

  #undo(): void {
    this.#drainage += 1;
    this.#finished = false;
  }

  /** An exit of the child that has happened by now has been seen. */
  #drained(drainage: number): void {
    if (drainage !== this.#drainage) return;
    this.#finished = true;
    this.#listener.drained();
  }
}
