import { HandoffError } from "../error.js";
import { describe } from "./describe.js";

/** Where in a message a value stands, so that an error can name it. */
export class Path {
  readonly #message: string;
  readonly #segments: (string | number)[] = [];

  constructor(message: string) {
    this.#message = message;
  }

  enter(segment: string | number): void {
    this.#segments.push(segment);
  }

  leave(): void {
    this.#segments.pop();
  }

  /** MESSAGE_FIELD_INVALID here. */
  invalid(expected: string, found: unknown): HandoffError {
    const message = `${this.#place()} must be ${expected}, and is ${describe(found)}`;
    return new HandoffError("MESSAGE_FIELD_INVALID", { message });
  }

  /** MESSAGE_FIELD_INVALID for a value that contradicts another; `rule` is a sentence without its full stop. */
  contradiction(rule: string): HandoffError {
    return new HandoffError("MESSAGE_FIELD_INVALID", { message: `${this.#place()} breaks a rule: ${rule}` });
  }

  /** MESSAGE_FIELD_MISSING here. */
  missing(expected: string): HandoffError {
    return new HandoffError("MESSAGE_FIELD_MISSING", {
      message: `${this.#place()} is missing: it must be ${expected}`,
    });
  }

  #place(): string {
    let place = "";
    for (const segment of this.#segments) {
      place += typeof segment === "number" ? `[${segment}]` : place === "" ? segment : `.${segment}`;
    }
    return place === "" ? `the message ${this.#message}` : `${place} of the message ${this.#message}`;
  }
}
