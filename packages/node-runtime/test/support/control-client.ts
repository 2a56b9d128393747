import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ControlAnswer } from "../../src/control/message.js";
import { eventually } from "./eventually.js";
import type { Service } from "./service.js";

/** What a test reads of an answer, whatever its type. */
export type Answer = ControlAnswer & { readonly [key: string]: unknown };

export function controlFolder(service: Service, name = "heirloom-node-runtime"): string {
  return join(service.dir, "heirloom", name);
}

export function socketsOf(service: Service): string[] {
  try {
    return readdirSync(controlFolder(service)).sort();
  } catch {
    return [];
  }
}

/** Waits for the control socket of this generation, which opens a moment after it is owner. */
export function untilOpen(service: Service, generation: number): Promise<string> {
  return eventually(`generation ${generation} opens its control socket`, () => {
    const [name] = socketsOf(service).filter((each) => each.startsWith(`${generation}-`));
    // The link is made after the socket, and is what tests ask by.
    return name && socketsOf(service).includes("current") ? join(controlFolder(service), name) : "";
  });
}

/** One request to a control socket, by hand. */
export class ControlClient {
  readonly answers: Answer[] = [];
  /** The text as it came. */
  readonly socket: Socket;
  /** All answers, once the other side has ended the connection. */
  readonly ended: Promise<Answer[]>;

  constructor(path: string, request: string | object) {
    this.socket = connect(path);
    this.ended = new Promise((resolve, reject) => {
      this.socket.once("error", reject);
      this.socket.once("close", () => resolve(this.answers));
    });
    createInterface({ input: this.socket }).on("line", (line) =>
      this.answers.push(JSON.parse(line) as Answer),
    );
    this.socket.write(typeof request === "string" ? request : `${JSON.stringify(request)}\n`);
  }

  async until(type: string, fits: (answer: Answer) => boolean = () => true): Promise<Answer> {
    const find = () => this.answers.find((answer) => answer.type === type && fits(answer));
    await eventually(`an answer ${type}`, () => find() !== undefined);
    return find() as Answer;
  }
}

/** Asks, and waits for all answers. */
export function ask(path: string, request: string | object): Promise<Answer[]> {
  return new ControlClient(path, request).ended;
}

export const current = (service: Service) => join(controlFolder(service), "current");
