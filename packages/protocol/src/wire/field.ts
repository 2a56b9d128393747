import { Fault } from "./fault.js";
import { textBytes } from "./utf8.js";
import type { Writer } from "./writer.js";

/**
 * What a key's value must be, for both directions: receivers check what they read, senders what they write, while they do.
 * `T` is invariant, so that a field that takes less than its type, or more, does not compile.
 */
export interface Field<in out T> {
  /** In words, as errors and the tables of spec/v1/messages.md say it. */
  readonly expected: string;
  readonly optional?: boolean;
  /**
   * A value that came out of a payload, if it is valid. A container loses what the schema does not know of it, and may be
   * changed for that.
   * @throws Fault
   */
  readonly read: (value: unknown) => T;
  /**
   * Writes a value, if it is valid, and of a container what the schema knows, in the order of the wire. What was written in
   * front of a fault is to be thrown away.
   * @throws Fault; HandoffError FRAME_TOO_LARGE
   */
  readonly write: (value: unknown, writer: Writer) => void;
}

/** A field that may be left out. */
export interface OptionalField<in out T> extends Field<T> {
  readonly optional: true;
}

/** A field that may not. */
export interface RequiredField<in out T> extends Field<T> {
  readonly optional?: never;
}

export function optional<T>(field: RequiredField<T>): OptionalField<T> {
  return { ...field, optional: true };
}

export function integer(min: number, max: number): RequiredField<number> {
  const expected = `an integer, ${min} to ${max}`;
  const check = (value: unknown): number => {
    if (typeof value === "number" && value >= min && value <= max && Math.floor(value) === value)
      return value;
    throw Fault.invalid(expected, value);
  };
  return { expected, read: check, write: (value, writer) => writer.integer(check(value)) };
}

/** Bounds are in bytes of UTF-8; `form` is what the whole text must match, `formWords` the same in words. */
export function text(min: number, max: number, form?: RegExp, formWords = ""): RequiredField<string> {
  const expected = `a string, ${min} to ${max} bytes${formWords}`;
  const fits = (bytes: number, value: string) =>
    bytes >= min && bytes <= max && (form === undefined || form.test(value));
  return {
    expected,
    read(value) {
      if (typeof value === "string" && value.length <= max) {
        // What has come out of a payload is well-formed, and has one to three bytes for each unit.
        const needsCount = value.length < min || 3 * value.length > max;
        if (fits(needsCount ? (textBytes(value) ?? -1) : value.length, value)) return value;
      }
      throw Fault.invalid(expected, value);
    },
    write(value, writer) {
      // A string has at least as many bytes as units: what is too long anyway need not be written.
      if (typeof value !== "string" || value.length > max || !fits(writer.text(value) ?? -1, value)) {
        throw Fault.invalid(expected, value);
      }
    },
  };
}

export function bytes(min: number, max: number): RequiredField<Uint8Array> {
  const expected = `bytes, ${min} to ${max}`;
  const check = (value: unknown): Uint8Array => {
    if (value instanceof Uint8Array && value.length >= min && value.length <= max) return value;
    throw Fault.invalid(expected, value);
  };
  return { expected, read: check, write: (value, writer) => writer.bytes(check(value)) };
}

export const boolean: RequiredField<boolean> = {
  expected: "a boolean",
  read: checkBoolean,
  write: (value, writer) => writer.boolean(checkBoolean(value)),
};

function checkBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw Fault.invalid("a boolean", value);
}

/** A key that is there for receivers that do not know its message. */
export const always: RequiredField<true> = {
  expected: "true",
  read: checkTrue,
  write: (value, writer) => writer.boolean(checkTrue(value)),
};

function checkTrue(value: unknown): true {
  if (value === true) return value;
  throw Fault.invalid("true", value);
}

export function oneOf<const T extends string>(...values: readonly T[]): RequiredField<T> {
  const expected = values.map((value) => `"${value}"`).join(" or ");
  const check = (value: unknown): T => {
    for (let i = 0; i < values.length; i++) if (values[i] === value) return value as T;
    throw Fault.invalid(expected, value);
  };
  return {
    expected,
    read: check,
    write(value, writer) {
      writer.text(check(value));
    },
  };
}

/** `plural` names what the array holds. */
export function array<T>(
  plural: string,
  item: RequiredField<T>,
  min: number,
  max: number,
): RequiredField<readonly T[]> {
  const expected = `an array of ${min} to ${max} ${plural}`;
  const check = (value: unknown): unknown[] => {
    if (Array.isArray(value) && value.length >= min && value.length <= max) return value;
    throw Fault.invalid(expected, value);
  };
  return {
    expected,
    read(value) {
      const items = check(value);
      let index = 0;
      try {
        for (; index < items.length; index++) {
          const found = items[index];
          const known = item.read(found);
          if (known !== found) items[index] = known;
        }
      } catch (error) {
        throw Fault.inside(index, error);
      }
      return items as T[];
    },
    write(value, writer) {
      const items = check(value);
      const { length } = items;
      writer.array(length);
      let index = 0;
      try {
        for (; index < length; index++) item.write(items[index], writer);
      } catch (error) {
        throw Fault.inside(index, error);
      }
    },
  };
}
