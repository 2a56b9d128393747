import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { HandoffError } from "@heirloom/protocol";
import type { KeeperLink } from "../keeper/link.js";
import type { Listeners } from "../listener/registry.js";
import type { Settings } from "../options.js";
import type { EventStep } from "../steps.js";
import { type Notifier, notifierOf } from "./notify.js";
import { PidFile } from "./pid-file.js";

/** Where a child may have been owner. */
const handedOver = new Set(["committing", "draining", "fencing"]);

/**
 * Keeps the init system and the PID file in step with the service: who the owner is, and what it is doing. Each generation
 * speaks for itself. Does nothing where there is no `$NOTIFY_SOCKET` and no PID file.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
 */
export class InitSystem {
  readonly #generation: number;
  readonly #settings: Settings;
  readonly #keeper: Pick<KeeperLink, "keeperPid"> | undefined;
  readonly #notifier: Notifier | undefined;
  readonly #pidFile: PidFile | undefined;
  readonly #listeners: Pick<Listeners, "storable">;
  /** Whether the init system keeps listeners for the process that it starts when the last one has crashed. A keeper does that itself. */
  readonly #stores: boolean;
  /** The names of what this generation has given it. */
  readonly #stored = new Set<string>();
  /** The names of what is to be taken from it once this generation is owner. */
  readonly #gone = new Set<string>();
  #isOwner = false;
  readonly #watchdogMs: number;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(
    generation: number,
    settings: Settings,
    listeners: Pick<Listeners, "storable">,
    keeper?: Pick<KeeperLink, "keeperPid">,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog, FDSTORE: storeMax } = env;
    this.#generation = generation;
    this.#settings = settings;
    this.#listeners = listeners;
    this.#stores = Number(storeMax ?? 0) > 0 && keeper === undefined;
    this.#keeper = keeper;
    this.#notifier = socket ? notifierOf(socket) : undefined;
    this.#pidFile = settings.pidFile === undefined ? undefined : new PidFile(settings.pidFile);
    // Twice as often as it has to be. WATCHDOG_PID names the first generation, and is no use to the others.
    this.#watchdogMs = this.#notifier === undefined ? 0 : Math.floor(Number(watchdog ?? 0) / 2_000);
    if (this.#notifier === undefined && this.#pidFile === undefined) return;
    const follow = (step: unknown) => this.#follow(step as EventStep);
    subscribe("heirloom:event", follow);
    process.once("exit", () => {
      unsubscribe("heirloom:event", follow);
      this.#pidFile?.remove();
    });
  }

  /** This generation is owner: the file first, so that whoever hears of ready finds it. */
  owner(): void {
    try {
      this.#pidFile?.write();
    } catch (error) {
      this.#settings.log((error as HandoffError).message);
    }
    this.#isOwner = true;
    this.#updateStore();
    // Where there is a keeper, that is the process whose end is the service's: this one may crash.
    const main = this.#keeper?.keeperPid ?? process.pid;
    this.#tell(`MAINPID=${main}`, "READY=1", `STATUS=generation ${this.#generation} serves`);
    clearInterval(this.#watchdog);
    if (this.#watchdogMs >= 1)
      this.#watchdog = setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdogMs).unref();
  }

  listenerAdded(): void {
    this.#updateStore();
  }

  /** Nobody accepts on it any more. Another one that is held under the same name stays. */
  listenerGone(name: string): void {
    this.#gone.add(name);
    this.#updateStore();
  }

  /** A child was owner that has created these listeners, and is gone. */
  rolledBack(created: readonly string[]): void {
    for (const name of created) this.#gone.add(name);
    // It may have taken out what is needed again. What is there already is stored once.
    this.#stored.clear();
    this.#updateStore();
  }

  #updateStore(): void {
    if (!this.#isOwner || !this.#stores) return;
    for (const name of this.#gone) {
      this.#tell("FDSTOREREMOVE=1", `FDNAME=${storeName(name)}`);
      this.#stored.delete(name);
    }
    this.#gone.clear();
    for (const { name, descriptor } of this.#listeners.storable) {
      if (this.#stored.has(name)) continue;
      this.#stored.add(name);
      // Not polled: it is readable whenever a client waits.
      this.#notifier?.notify(`FDSTORE=1\nFDNAME=${storeName(name)}\nFDPOLL=0`, descriptor);
    }
  }

  #follow({ generation, role, from, to }: EventStep): void {
    if (generation !== this.#generation || role !== "parent" || from === to) return;
    const { ready, park, commit, drain, exit } = this.#settings.deadlinesMs;
    if (to === "spawning") {
      this.#tell(
        "RELOADING=1",
        `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`,
        `EXTEND_TIMEOUT_USEC=${(ready + park + commit + exit) * 1_000}`,
        `STATUS=generation ${generation} hands over to generation ${generation + 1}`,
      );
    } else if (to === "serving" && handedOver.has(from)) {
      // The child may have told that it was owner, and have written the file.
      this.owner();
    } else if (to === "serving") {
      this.#tell("READY=1", `STATUS=generation ${generation} serves on: the last handoff failed`);
    } else if (to === "draining") {
      this.#isOwner = false;
      clearInterval(this.#watchdog);
    } else if (to === "stopping") {
      this.#tell(
        "STOPPING=1",
        `EXTEND_TIMEOUT_USEC=${(drain + exit) * 1_000}`,
        `STATUS=generation ${generation} finishes what it accepted`,
      );
    }
  }

  #tell(...lines: string[]): void {
    this.#notifier?.notify(lines.join("\n"));
  }
}

/** As far as systemd takes a name; listeners are found again by their addresses, too. */
function storeName(name: string): string {
  return name.replace(/[^ -9;-~]/g, "_").slice(0, 255);
}
