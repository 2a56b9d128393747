import type { Path } from "./path.js";
import { textBytes } from "./utf8.js";

/**
 * What a key's value must be, for both directions: senders check what they write, receivers what they read.
 * `T` is invariant, so that a field that accepts less than its type, or more, does not compile.
 */
export interface Field<in out T> {
  /** In words, as errors and the tables of spec/v1/messages.md say it. */
  readonly expected: string;
  /** The value with nothing in it that the schema does not know. @throws HandoffError MESSAGE_FIELD_* */
  readonly read: (value: unknown, path: Path) => T;
  readonly optional?: boolean;
  /** Only for the type checker. */
  readonly accepts?: (value: T) => void;
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
  return {
    expected,
    read(value, path) {
      if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
        throw path.invalid(expected, value);
      }
      return value as number;
    },
  };
}

/** Bounds are in bytes of UTF-8; `form` is what the whole text must match, `formWords` the same in words. */
export function text(min: number, max: number, form?: RegExp, formWords = ""): RequiredField<string> {
  const expected = `a string, ${min} to ${max} bytes${formWords}`;
  return {
    expected,
    read(value, path) {
      // A string has at least as many bytes as units: do not count what is too long anyway.
      if (typeof value !== "string" || value.length > max) throw path.invalid(expected, value);
      const bytes = textBytes(value);
      if (bytes === undefined || bytes < min || bytes > max || form?.test(value) === false) {
        throw path.invalid(expected, value);
      }
      return value;
    },
  };
}

export function bytes(min: number, max: number): RequiredField<Uint8Array> {
  const expected = `bytes, ${min} to ${max}`;
  return {
    expected,
    read(value, path) {
      if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
        throw path.invalid(expected, value);
      }
      return value;
    },
  };
}

export const boolean: RequiredField<boolean> = {
  expected: "a boolean",
  read(value, path) {
    if (typeof value !== "boolean") throw path.invalid("a boolean", value);
    return value;
  },
};

export function oneOf<const T extends string>(...values: readonly T[]): RequiredField<T> {
  const expected = values.map((value) => `"${value}"`).join(" or ");
  return {
    expected,
    read(value, path) {
      if (!values.includes(value as T)) throw path.invalid(expected, value);
      return value as T;
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
  return {
    expected,
    read(value, path) {
      if (!Array.isArray(value) || value.length < min || value.length > max)
        throw path.invalid(expected, value);
      const items: T[] = [];
      for (let i = 0; i < value.length; i++) {
        path.enter(i);
        items.push(item.read(value[i], path));
        path.leave();
      }
      return items;
    },
  };
}
