import { Fault } from "./fault.js";
import type { Reader } from "./reader.js";
import { textBytes } from "./utf8.js";
import type { Writer } from "./writer.js";

/**
 * What a key's value must be, for both directions: senders check what they write, receivers what they read.
 * `T` is invariant, so that a field that takes less than its type, or more, does not compile.
 */
export interface Field<in out T> {
  /** In words, as errors and the tables of spec/v1/messages.md say it. */
  readonly expected: string;
  readonly optional?: boolean;
  /** @throws Fault where the value is not valid; HandoffError ENCODING_* */
  readonly read: (reader: Reader) => T;
  /** Takes whatever an untyped caller passes. @throws Fault where the value is not valid; HandoffError FRAME_TOO_LARGE */
  readonly write: (value: T, writer: Writer) => void;
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
    (value) => typeof value === "number" && value >= min && value <= max && Math.floor(value) === value,
    (value, writer) => writer.integer(value),
  );
}

/** Bounds are in bytes of UTF-8; `form` is what the whole text must match, `formWords` the same in words. */
export function text(min: number, max: number, form?: RegExp, formWords = ""): RequiredField<string> {
  const expected = `a string, ${min} to ${max} bytes${formWords}`;
  const fits = (value: string, bytes: number | undefined) =>
    bytes !== undefined && bytes >= min && bytes <= max && (form === undefined || form.test(value));
  return {
    expected,
    read(reader) {
      const value = reader.value();
      if (typeof value !== "string" || !fits(value, reader.textBytes)) throw Fault.invalid(expected, value);
      return value;
    },
    write(value, writer) {
      // A string has at least as many bytes as units: what is too long anyway need not be counted.
      if (typeof value !== "string" || value.length > max) throw Fault.invalid(expected, value);
      const bytes = textBytes(value);
      if (!fits(value, bytes)) throw Fault.invalid(expected, value);
      writer.text(value, bytes as number);
    },
  };
}

export function bytes(min: number, max: number): RequiredField<Uint8Array> {
  return scalar(
    `bytes, ${min} to ${max}`,
    (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
    (value, writer) => writer.bytes(value),
  );
}

export const boolean: RequiredField<boolean> = scalar(
  "a boolean",
  (value) => typeof value === "boolean",
  (value, writer) => writer.boolean(value),
);

/** The values are ASCII, and shorter than 32. */
export function oneOf<const T extends string>(...values: readonly T[]): RequiredField<T> {
  const expected = values.map((value) => `"${value}"`).join(" or ");
  return {
    expected,
    read(reader) {
      for (const value of values) if (reader.take(value)) return value;
      const found = reader.value();
      if (values.includes(found as T)) return found as T;
      throw Fault.invalid(expected, found);
    },
    write(value, writer) {
      if (!values.includes(value)) throw Fault.invalid(expected, value);
      writer.word(value);
    },
  };
}

function scalar<T>(
  expected: string,
  isValid: (value: unknown) => boolean,
  write: (value: T, writer: Writer) => void,
): RequiredField<T> {
  return {
    expected,
    read(reader) {
      const value = reader.value();
      if (isValid(value)) return value as T;
      throw Fault.invalid(expected, value);
    },
    write(value, writer) {
      if (!isValid(value)) throw Fault.invalid(expected, value);
      write(value, writer);
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
  const fits = (length: number) => length >= min && length <= max;
  return {
    expected,
    read(reader) {
      const length = reader.array();
      if (length === undefined) throw Fault.invalid(expected, reader.value());
      if (!fits(length)) throw Fault.length(expected, length);
      const items: T[] = [];
      try {
        while (items.length < length) items.push(item.read(reader));
      } catch (error) {
        throw Fault.inside(items.length, error);
      }
      reader.close();
      return items;
    },
    write(value, writer) {
      if (!Array.isArray(value) || !fits(value.length)) throw Fault.invalid(expected, value);
      writer.array(value.length);
      let index = 0;
      try {
        for (; index < value.length; index++) item.write(value[index], writer);
      } catch (error) {
        throw Fault.inside(index, error);
      }
    },
  };
}
