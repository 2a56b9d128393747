import { Fault } from "./fault.js";
import { textBytes } from "./utf8.js";

/**
 * What a key's value must be, for both directions: senders check what they write, receivers what they read.
 * `T` is invariant, so that a field that takes less than its type, or more, does not compile.
 */
export interface Field<in out T> {
  /** In words, as errors and the tables of spec/v1/messages.md say it. */
  readonly expected: string;
  readonly optional?: boolean;
  /**
   * The value, if it is valid: a container as a new one, with only what the schema knows of it, in the order of the wire.
   * @throws Fault
   */
  readonly check: (value: unknown) => T;
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
  return scalar(
    `an integer, ${min} to ${max}`,
    (value): value is number =>
      typeof value === "number" && value >= min && value <= max && Math.floor(value) === value,
  );
}

/** Bounds are in bytes of UTF-8; `form` is what the whole text must match, `formWords` the same in words. */
export function text(min: number, max: number, form?: RegExp, formWords = ""): RequiredField<string> {
  return scalar(`a string, ${min} to ${max} bytes${formWords}`, (value): value is string => {
    // A string has at least as many bytes as units: what is too long anyway need not be counted.
    if (typeof value !== "string" || value.length > max) return false;
    const bytes = textBytes(value);
    return bytes !== undefined && bytes >= min && bytes <= max && (form === undefined || form.test(value));
  });
}

export function bytes(min: number, max: number): RequiredField<Uint8Array> {
  return scalar(
    `bytes, ${min} to ${max}`,
    (value): value is Uint8Array => value instanceof Uint8Array && value.length >= min && value.length <= max,
  );
}

export const boolean: RequiredField<boolean> = scalar(
  "a boolean",
  (value): value is boolean => typeof value === "boolean",
);

export function oneOf<const T extends string>(...values: readonly T[]): RequiredField<T> {
  return scalar(values.map((value) => `"${value}"`).join(" or "), (value): value is T =>
    values.includes(value as T),
  );
}

function scalar<T>(expected: string, isValid: (value: unknown) => value is T): RequiredField<T> {
  return {
    expected,
    check(value) {
      if (!isValid(value)) throw Fault.invalid(expected, value);
      return value;
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
    check(value) {
      if (!Array.isArray(value) || value.length < min || value.length > max) {
        throw Fault.invalid(expected, value);
      }
      const items: T[] = [];
      try {
        for (let index = 0; index < value.length; index++) items.push(item.check(value[index]));
      } catch (error) {
        throw Fault.inside(items.length, error);
      }
      return items;
    },
  };
}
