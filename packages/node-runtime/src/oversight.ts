import { now } from "./clock.js";
import type { Control } from "./control/control.js";
import type { ControlSubject } from "./control/subject.js";
import { afterWaitingClients } from "./event-loop.js";
import type { Generation } from "./generation.js";
import type { Child } from "./handoff/child.js";
import type { Parent } from "./handoff/parent.js";
import type { Service } from "./handoff/service.js";
import type { Attachment, AttachmentSubject, KeeperInfo } from "./keeper/attachment.js";
import { LetterBox } from "./keeper/letter-box.js";
import type { KeeperLink } from "./keeper/link.js";
import type { HandoffReport } from "./report.js";

export interface Overseen {
  readonly generation: Generation;
  readonly service: Service;
  readonly child: Child;
  readonly parent: Parent;
  /** Undefined: nobody keeps this service. */
  readonly keeper: KeeperLink | undefined;
}

/** What others see of a generation and ask of it: those who use its control socket, and its keeper. */
export class Oversight implements ControlSubject, AttachmentSubject {
  readonly service: Service;
  readonly #overseen: Overseen;
  readonly #letterBox = LetterBox.take();
  #control: Control | undefined;
  #attachment: Attachment | undefined;
  /** By `now()`. */
  #ownerSince = 0;

  constructor(overseen: Overseen) {
    this.service = overseen.service;
    this.#overseen = overseen;
  }

  get states() {
    const { child, parent } = this.#overseen;
    return { child: child.state, parent: parent.state };
  }

  get isOwner(): boolean {
    return this.#overseen.generation.isOwner;
  }

  get isAlone(): boolean {
    return this.#overseen.generation.isAlone;
  }

  get isHandingOver(): boolean {
    return this.#overseen.parent.state !== "serving";
  }

  get probationLeftMs(): number {
    if (this.#overseen.child.state !== "succeeding") return 0;
    return this.#ownerSince + this.service.settings.probationMs - now();
  }

  get childPid(): number | undefined {
    return this.#overseen.parent.childPid;
  }

  get folder(): string | undefined {
    return this.#overseen.keeper?.folder;
  }

  get keeper(): KeeperInfo | undefined {
    return this.#attachment?.keeper;
  }

  handoff(): Promise<HandoffReport> {
    return this.#overseen.generation.handoff();
  }

  restart(): void {
    // The outcome is logged and emitted.
    this.handoff().catch(() => {});
  }

  stop(): void {
    this.#overseen.generation.stop();
  }

  /** This generation is owner. `parentPid`: undefined in a first one. */
  begin(parentPid: number | undefined): void {
    this.#ownerSince = now();
    afterWaitingClients(() => {
      void this.#attach().finally(() => this.#letterBox?.close());
      void this.#openControl(parentPid);
    });
  }

  /** There is one more listener to keep. */
  listenerAdded(): void {
    void this.#letterBox?.leave(this.service);
    void this.#attachment?.attach();
  }

  /** A handoff that this generation was the parent of is over. */
  conclude(report: HandoffReport): void {
    this.#control?.conclude(report);
    // The child may have deposited its own listeners.
    if (report.outcome === "rolledBack") void this.#attachment?.attach();
  }

  async #attach(): Promise<void> {
    const { keeper } = this.#overseen;
    if (keeper === undefined) return;
    // A file of its own, as below.
    const { Attachment } = await import("./keeper/attachment.js");
    this.#attachment = new Attachment(keeper, this);
    await this.#attachment.attach();
  }

  async #openControl(parentPid: number | undefined): Promise<void> {
    const { control, log } = this.service.settings;
    // A keeper that is started again finds by it what runs.
    if (control === false && this.#overseen.keeper === undefined) return;
    try {
      // A file of its own, see tsup.config.ts: a child on its way to ready does not load it.
      const { Control } = await import("./control/control.js");
      this.#control = new Control(this, control || {});
      await this.#control.open(parentPid);
    } catch (error) {
      const { message } = error as Error;
      log(
        `generation ${this.service.number} (pid ${process.pid}) serves without a control socket: ${message}`,
      );
    }
  }
}
