import { Fault } from "./fault.js";
import { type Field, type OptionalField, oneOf, type RequiredField } from "./field.js";
import { isMap } from "./value.js";

/** Exactly the fields of `T`, without its tag: one more, one less, or another optionality does not compile. */
export type FieldsOf<T, Tag extends keyof T = never> = {
  readonly [K in Exclude<keyof T, Tag>]-?: Record<never, never> extends Pick<T, K>
    ? OptionalField<Exclude<T[K], undefined>>
    : RequiredField<T[K]>;
};

/** What fields demand of each other. */
export interface Rule<T> {
  /** One sentence without its full stop, as errors and spec/v1/messages.md say it. */
  readonly text: string;
  readonly holds: (value: T) => boolean;
}

type Entries = readonly (readonly [key: string, field: Field<unknown>])[];

export interface MapField<in out T> extends RequiredField<T> {
  /** The heading of its table in spec/v1/messages.md. */
  readonly name: string;
  /** In the order in which they are written. */
  readonly entries: Entries;
  readonly rules: readonly Rule<T>[];
}

/** A map with exactly these fields, written in this order. */
export function map<T>(name: string, fields: FieldsOf<T>, rules: readonly Rule<T>[] = []): MapField<T> {
  return build(name, fields, rules);
}

/** A map that says itself what it is: `tag` is the key that does, `name` its value. */
export function taggedMap<T, Tag extends keyof T & string>(
  tag: Tag,
  name: T[Tag] & string,
  fields: FieldsOf<T, Tag>,
  rules: readonly Rule<T>[] = [],
): MapField<T> {
  return build(name, { [tag]: oneOf(name), ...fields }, rules);
}

function build<T>(name: string, fields: object, rules: readonly Rule<T>[]): MapField<T> {
  const expected = `a ${name} map`;
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  return {
    name,
    expected,
    entries,
    rules,
    check(value) {
      if (!isMap(value)) throw Fault.invalid(expected, value);
      const known = checkEntries(value, entries) as T;
      for (const rule of rules) {
        if (!rule.holds(known)) throw Fault.rule(rule.text);
      }
      return known;
    },
  };
}

function checkEntries(map: Readonly<Record<string, unknown>>, entries: Entries): Record<string, unknown> {
  const known: Record<string, unknown> = {};
  for (const [key, field] of entries) {
    const value = map[key];
    if (value === undefined) {
      if (field.optional !== true) throw missing(key, field);
      continue;
    }
    try {
      known[key] = field.check(value);
    } catch (error) {
      throw Fault.inside(key, error);
    }
  }
  return known;
}

function missing(key: string, field: Field<unknown>): unknown {
  return Fault.inside(key, Fault.missing(field.expected));
}

/** One of several tagged maps. */
export function variants<T, Tag extends keyof T & string>(
  expected: string,
  tag: Tag,
  maps: { readonly [K in T[Tag] & string]: MapField<Extract<T, Record<Tag, K>>> },
): RequiredField<T> {
  const byTag = maps as unknown as Readonly<Record<string, Field<T>>>;
  const tagExpected = Object.keys(maps)
    .map((value) => `"${value}"`)
    .join(" or ");
  return {
    expected,
    check(value) {
      if (!isMap(value)) throw Fault.invalid(expected, value);
      const found = value[tag];
      if (typeof found === "string" && Object.hasOwn(byTag, found)) {
        return (byTag[found] as Field<T>).check(value);
      }
      throw Fault.inside(
        tag,
        found === undefined ? Fault.missing(tagExpected) : Fault.invalid(tagExpected, found),
      );
    },
  };
}

/** A rule that each of some values stands only once. Quadratic: for what the limits keep short. */
export function distinct<T>(what: string, values: (value: T) => readonly unknown[]): Rule<T> {
  return {
    text: `${what} are distinct`,
    holds: (value) => values(value).every((one, index, all) => all.indexOf(one) === index),
  };
}
