import { subscribe } from "node:diagnostics_channel";
import { closeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Service } from "../handoff/service.js";
import { socketDescriptor } from "../node-internals.js";
import type { EventStep } from "../steps.js";
import { loadSyscalls, type Syscalls } from "../syscalls.js";
import { depositOf } from "./deposit.js";
import type { KeeperLink } from "./link.js";
import type { RestartOrder, RestartTaken, Stopping, Welcome } from "./message.js";
import { receiveFirst, receiveRest } from "./receive.js";

/** How often a generation without a keeper looks for a new one. */
const retryEveryMs = 1_000;

export interface AttachmentSubject {
  readonly service: Service;
  readonly isOwner: boolean;
  /** Whether it is owner and no other generation takes part. */
  readonly isAlone: boolean;
  readonly isHandingOver: boolean;
  /** How long its parent still takes the service back should it die, in milliseconds; 0 or less: no more. */
  readonly probationLeftMs: number;
  restart(): void;
}

/** The process that keeps this service. */
export interface KeeperInfo {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/**
 * An owner's side of the connection to its keeper: deposits the listeners, and finds another keeper when this one has died.
 * Never in the way of the service: without a keeper it serves as well.
 */
export class Attachment {
  readonly #link: KeeperLink;
  readonly #subject: AttachmentSubject;
  #socket: Socket | undefined;
  #startedAt = 0;
  /** Orders to restart that came over the connection that there is, and that no handoff has answered. */
  #orders = 0;
  #probation: NodeJS.Timeout | undefined;
  #told = false;
  #over = false;

  constructor(link: KeeperLink, subject: AttachmentSubject) {
    this.#link = link;
    this.#subject = subject;
    subscribe("heirloom:event", (message) => {
      const { role, from, to } = message as EventStep;
      if (from === to) return;
      // Once this step is done. What waits may be due: a handoff has failed, or the parent has left.
      setImmediate(() => this.#restartIfDue());
      if (role !== "parent") return;
      // No way back from here: what becomes of this process is not the keeper's business any more.
      if (to === "departing") this.#leave();
      if (to === "stopping") this.#stop();
    });
  }

  /** The keeper that holds this generation's listeners; undefined while it is without one. */
  get keeper(): KeeperInfo | undefined {
    return this.#socket && { pid: this.#link.keeperPid, startedAt: this.#startedAt };
  }

  /** Also again, when there are other listeners, or another generation that was owner for a moment has deposited its own. */
  async attach(): Promise<void> {
    const syscalls = await loadSyscalls();
    if (syscalls === undefined) {
      this.#log(
        "its keeper cannot hold its listeners, since koffi cannot be loaded: a crash will refuse clients",
      );
      return;
    }
    try {
      if (await this.#attach(syscalls)) return;
      this.#retry();
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  /** False: this is not the moment. */
  async #attach(syscalls: Syscalls): Promise<boolean> {
    const socket = connect(this.#link.path);
    // Reading would take the descriptors out of what comes first.
    socket.pause().unref();
    const connected = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    try {
      await connected;
      const descriptor = socketDescriptor(socket);
      const { message, descriptors } = await receiveFirst(syscalls, descriptor);
      const [lifeline] = descriptors;
      const { pid, startedAt } = message as Welcome;
      if (lifeline === undefined) throw new Error("it gave no lifeline");
      // A keeper that is new knows nothing of a child that was started before: it must not take the service for dead.
      if (!this.#subject.isOwner || (pid !== this.#link.keeperPid && !this.#subject.isAlone)) {
        closeSync(lifeline);
        socket.destroy();
        return false;
      }
      const changed = pid !== this.#link.keeperPid;
      this.#link.hold(pid, lifeline);
      if (!syscalls.sendDescriptors(descriptor, depositOf(this.#subject.service)))
        throw new Error("it does not take the listeners");
      this.#startedAt = startedAt;
      if (changed || this.#told) this.#log(`is kept by pid ${pid} from here on`);
      this.#told = false;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    this.#socket?.removeAllListeners("close").destroy();
    this.#socket = socket;
    this.#orders = 0;
    socket.removeAllListeners("error").on("error", () => {});
    socket.once("close", () => this.#lost(new Error("it has died")));
    receiveRest(socket, (message) => {
      if ((message as RestartOrder).type !== "restart") return;
      this.#orders += 1;
      this.#restartIfDue();
    });
    return true;
  }

  /**
   * However many orders wait, one handoff answers them. Those that came during one are not answered by it, as a release may have been
   * deployed since it began: if it commits, the keeper takes them to the child.
   */
  #restartIfDue(): void {
    if (this.#orders === 0 || this.#over || !this.#subject.isOwner || this.#subject.isHandingOver) return;
    clearTimeout(this.#probation);
    const waitMs = this.#subject.probationLeftMs;
    if (waitMs > 0) {
      this.#probation = setTimeout(() => this.#restartIfDue(), waitMs).unref();
      return;
    }
    this.#subject.restart();
    for (; this.#orders > 0; this.#orders -= 1) this.#say({ type: "restarting" });
  }

  #lost({ message }: Error): void {
    this.#socket = undefined;
    if (this.#over) return;
    if (!this.#told) {
      this.#log(
        `serves on without its keeper (pid ${this.#link.keeperPid}: ${message}): start heirloom run again, and it takes this service over`,
      );
    }
    this.#told = true;
    this.#retry();
  }

  #retry(): void {
    setTimeout(() => void (this.#over || this.attach()), retryEveryMs).unref();
  }

  #stop(): void {
    this.#over = true;
    this.#say({ type: "stopping" });
  }

  #say(what: Stopping | RestartTaken): void {
    this.#socket?.write(`${JSON.stringify(what)}\n`);
  }

  #leave(): void {
    this.#over = true;
    this.#link.letGo();
    this.#socket?.destroy();
  }

  #log(what: string): void {
    const { number, settings } = this.#subject.service;
    settings.log(`generation ${number} (pid ${process.pid}) ${what}`);
  }
}
