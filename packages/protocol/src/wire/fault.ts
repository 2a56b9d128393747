import { type Code, HandoffError } from "../error.js";
import { describe } from "./value.js";

/** What is wrong with a value, thrown where that is found. Each container that it passes adds where it stands. */
export class Fault {
  readonly #code: Code;
  readonly #what: string;
  /** From the inside out. */
  readonly #segments: (string | number)[] = [];

  private constructor(code: Code, what: string) {
    this.#code = code;
    this.#what = what;
  }

  static invalid(expected: string, found: unknown): Fault {
    return new Fault("MESSAGE_FIELD_INVALID", `must be ${expected}, and is ${describe(found)}`);
  }

  static missing(expected: string): Fault {
    return new Fault("MESSAGE_FIELD_MISSING", `is missing: it must be ${expected}`);
  }

  /** The rule that fields break together. */
  static rule(text: string): Fault {
    return new Fault("MESSAGE_FIELD_INVALID", `breaks the rule that ${text}`);
  }

  /** This fault, if it is one, seen from the container: for use as `throw Fault.inside(segment, error)`. */
  static inside(segment: string | number, error: unknown): unknown {
    if (error instanceof Fault) error.#segments.push(segment);
    return error;
  }

  toError(type: string): HandoffError {
    let place = "";
    for (const segment of this.#segments.reverse()) {
      place += typeof segment === "number" ? `[${segment}]` : place === "" ? segment : `.${segment}`;
    }
    const where = place === "" ? `the message ${type}` : `${place} of the message ${type}`;
    return new HandoffError(this.#code, { message: `${where} ${this.#what}` });
  }
}
