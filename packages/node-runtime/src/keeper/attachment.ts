import { subscribe } from "node:diagnostics_channel";
import { closeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Service } from "../handoff/service.js";
import { socketDescriptor } from "../node-internals.js";
import { firstListenerDescriptor } from "../process/spawn.js";
import type { EventStep } from "../steps.js";
import { loadSyscalls, type Syscalls } from "../syscalls.js";
import type { KeeperLink } from "./link.js";
import type { Deposit, Welcome } from "./message.js";
import { receiveFirst } from "./receive.js";

/** How often a generation without a keeper looks for a new one. */
const retryEveryMs = 1_000;

export interface AttachmentSubject {
  readonly service: Service;
  readonly isOwner: boolean;
  /** Whether it is owner and no other generation takes part. */
  readonly isAlone: boolean;
}

/**
 * An owner's side of the connection to its keeper: deposits the listeners, and finds another keeper when this one has died.
 * Never in the way of the service: without a keeper it serves as well.
 */
export class Attachment {
  readonly #link: KeeperLink;
  readonly #subject: AttachmentSubject;
  #socket: Socket | undefined;
  #told = false;
  #over = false;

  constructor(link: KeeperLink, subject: AttachmentSubject) {
    this.#link = link;
    this.#subject = subject;
    subscribe("heirloom:event", (message) => {
      const { role, from, to } = message as EventStep;
      if (role !== "parent" || from === to) return;
      // No way back from here: what becomes of this process is not the keeper's business any more.
      if (to === "departing") this.#leave();
      if (to === "stopping") this.#stop();
    });
  }

  /** Also again, when another generation that was owner for a moment has deposited its own listeners. */
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
      const { pid } = message as Welcome;
      if (lifeline === undefined) throw new Error("it gave no lifeline");
      // A keeper that is new knows nothing of a child that was started before: it must not take the service for dead.
      if (!this.#subject.isOwner || (pid !== this.#link.keeperPid && !this.#subject.isAlone)) {
        closeSync(lifeline);
        socket.destroy();
        return false;
      }
      const changed = pid !== this.#link.keeperPid;
      this.#link.hold(pid, lifeline);
      this.#deposit(syscalls, descriptor);
      if (changed || this.#told) this.#log(`is kept by pid ${pid} from here on`);
      this.#told = false;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    this.#socket?.removeAllListeners("close").destroy();
    this.#socket = socket;
    socket.removeAllListeners("error").on("error", () => {});
    socket.once("close", () => this.#lost(new Error("it has died"))).resume();
    return true;
  }

  #deposit(syscalls: Syscalls, socket: number): void {
    const { number: generation, listeners } = this.#subject.service;
    const offered = listeners.offer(firstListenerDescriptor);
    const deposit: Deposit = { type: "owner", generation, pid: process.pid, listeners: offered.listeners };
    const bytes = Buffer.from(JSON.stringify(deposit));
    if (!syscalls.sendDescriptors(socket, { bytes, descriptors: offered.descriptors }))
      throw new Error("it does not take the listeners");
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
    this.#socket?.write('{"type":"stopping"}\n');
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
