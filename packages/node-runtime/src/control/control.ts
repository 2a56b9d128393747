import type { Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { netServer } from "../node-internals.js";
import type { HandoffReport } from "../report.js";
import {
  claimCurrent,
  openPrivateFolder,
  pointCurrent,
  publishSocket,
  readCurrent,
  releaseCurrent,
  remove,
  removeAbandoned,
  removeStale,
} from "./folder.js";
import { HandoffFeed } from "./handoff-feed.js";
import { controlRoot, defaultServiceName, socketName, socketPathBytesMax } from "./location.js";
import type { ControlOptions } from "./options.js";
import { mayBeOwner } from "./presence.js";
import { createControlServer } from "./server.js";
import { readRelease } from "./status.js";
import type { ControlSubject } from "./subject.js";

/**
 * The socket on which people and tools ask this process, from the moment it is owner to its end. A service without one
 * serves as well.
 */
export class Control {
  readonly #subject: ControlSubject;
  readonly #name: string;
  readonly #feed: HandoffFeed;
  readonly #server: Server;
  readonly #folder: string;
  readonly #socket: string;
  #open = false;

  constructor(subject: ControlSubject, options: ControlOptions) {
    this.#subject = subject;
    // What a keeper has chosen goes before: a keeper that is started again looks there for what runs.
    this.#folder =
      subject.folder ?? join(options.folder ?? controlRoot(), options.name ?? defaultServiceName());
    this.#name = basename(this.#folder);
    this.#feed = new HandoffFeed(subject);
    this.#socket = socketName(subject.service.number, process.pid);
    this.#server = createControlServer(subject, this.#feed, {
      name: this.#name,
      release: readRelease(options.release),
    });
    this.#feed.listen({ changed: () => this.#settle() });
  }

  /**
   * @param parentPid the process that this generation has taken over from
   * @throws Error with a sentence that says what to do, where the socket cannot be made
   */
  async open(parentPid: number | undefined): Promise<void> {
    try {
      await this.#listen(parentPid);
    } catch (error) {
      this.#server.close();
      throw error;
    }
  }

  conclude(report: HandoffReport): void {
    this.#feed.conclude(report);
    if (!this.#open || report.outcome !== "rolledBack") return;
    try {
      // The child may have taken the name with it.
      pointCurrent(this.#folder, this.#socket);
    } catch (error) {
      const { log } = this.#subject.service.settings;
      log(`tools do not find the owner by its name any more: ${(error as Error).message}`);
    }
  }

  async #listen(parentPid: number | undefined): Promise<void> {
    const folder = this.#folder;
    const path = join(folder, this.#socket);
    if (Buffer.byteLength(path) + 1 > socketPathBytesMax) {
      throw new Error(
        `the path ${path} is longer than the ${socketPathBytesMax} bytes that the system takes: set control.folder to a shorter one`,
      );
    }
    openPrivateFolder(dirname(folder));
    openPrivateFolder(folder);
    await this.#assertFree(parentPid);
    const temporary = join(folder, `.${this.#socket}`);
    remove(temporary);
    await listening(this.#server, temporary);
    process.once("exit", () => this.#close());
    publishSocket(folder, temporary, this.#socket);
    this.#open = true;
    if (!claimCurrent(folder, this.#socket)) {
      // Somebody may have come first since the last look.
      await this.#assertFree(parentPid);
      pointCurrent(folder, this.#socket);
    }
    await removeStale(folder, this.#socket);
  }

  /** @throws Error where another service has this name */
  async #assertFree(parentPid: number | undefined): Promise<void> {
    const current = readCurrent(this.#folder);
    if (current === undefined || current === this.#socket) return;
    const { number } = this.#subject.service;
    if (parentPid !== undefined && current === socketName(number - 1, parentPid)) return;
    if (!(await mayBeOwner(join(this.#folder, basename(current))))) return;
    throw new Error(
      `another service called ${this.#name} runs (${join(this.#folder, current)}): give each one a name of its own with the option control.name`,
    );
  }

  /** A service that ends leaves its name to the next one. */
  #settle(): void {
    if (this.#open && this.#subject.states.parent === "stopping") releaseCurrent(this.#folder, this.#socket);
  }

  #close(): void {
    // After a handoff the name is the child's to replace, which may not have got round to it yet.
    if (this.#subject.isOwner) releaseCurrent(this.#folder, this.#socket);
    remove(join(this.#folder, this.#socket));
    // If the service ends with this process, nobody else does it.
    removeAbandoned(this.#folder);
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(`the socket ${path} cannot be made (${error.code})`, { cause: error })),
    );
    server.once("listening", resolve);
    // Not a listener of the program, for a preload that looks at those.
    netServer.listen.call(server, { path });
  });
}
