import { Fault } from "./fault.js";
import { type Field, type OptionalField, oneOf, type RequiredField } from "./field.js";
import type { Reader } from "./reader.js";
import { isMap } from "./value.js";
import type { Writer } from "./writer.js";

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

/** Keys are ASCII, shorter than 32, and fewer than 16 in one map, so that each has one short form on the wire. */
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
  const optionalKeys = entries.filter(([, field]) => field.optional).map(([key]) => key);
  function keepRules(value: T) {
    for (const rule of rules) {
      if (!rule.holds(value)) throw Fault.rule(rule.text);
    }
  }
  return {
    name,
    expected,
    entries,
    rules,
    read(reader) {
      const length = reader.map();
      if (length === undefined) throw Fault.invalid(expected, reader.value());
      const value = readEntries(reader, length, entries) as T;
      keepRules(value);
      return value;
    },
    write(value, writer) {
      if (!isMap(value)) throw Fault.invalid(expected, value);
      writeEntries(value, entries, optionalKeys, writer);
      keepRules(value);
    },
  };
}

function readEntries(reader: Reader, length: number, entries: Entries): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  let unknown: Set<string> | undefined;
  let seen = 0;
  let next = 0;
  for (let i = 0; i < length; i++) {
    let index = next;
    // Senders keep to the order of the schema, and leave out what is optional.
    while (index < entries.length && !reader.take((entries[index] as Entries[number])[0])) index++;
    let key = entries[index]?.[0];
    if (key === undefined) {
      const found = reader.key();
      key = found;
      index = entries.findIndex((entry) => entry[0] === found);
      if (index < 0) {
        unknown ??= new Set();
        if (unknown.has(key)) throw reader.duplicate(key);
        unknown.add(key);
        reader.value();
        continue;
      }
    }
    if ((seen & (1 << index)) !== 0) throw reader.duplicate(key);
    seen |= 1 << index;
    try {
      map[key] = (entries[index] as Entries[number])[1].read(reader);
    } catch (error) {
      throw Fault.inside(key, error);
    }
    next = index + 1;
  }
  reader.close();
  // Every key seen is the usual case, and needs no second look.
  if (seen !== (1 << entries.length) - 1) {
    for (const [key, field] of entries) {
      if (map[key] === undefined && field.optional !== true) throw missing(key, field);
    }
  }
  return map;
}

function writeEntries(
  map: Readonly<Record<string, unknown>>,
  entries: Entries,
  optionalKeys: readonly string[],
  writer: Writer,
): void {
  let length = entries.length;
  for (const key of optionalKeys) if (map[key] === undefined) length--;
  writer.map(length);
  for (const [key, field] of entries) {
    const value = map[key];
    if (value === undefined) {
      if (field.optional !== true) throw missing(key, field);
      continue;
    }
    writer.word(key);
    try {
      field.write(value, writer);
    } catch (error) {
      throw Fault.inside(key, error);
    }
  }
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
  const tags = Object.keys(maps);
  const tagExpected = tags.map((value) => `"${value}"`).join(" or ");
  function choose(found: unknown): Field<T> {
    if (typeof found === "string" && Object.hasOwn(byTag, found)) return byTag[found] as Field<T>;
    throw Fault.inside(
      tag,
      found === undefined ? Fault.missing(tagExpected) : Fault.invalid(tagExpected, found),
    );
  }
  return {
    expected,
    read(reader) {
      const found = reader.peek(tag, tags);
      if (found === undefined) {
        const value = reader.value();
        if (!isMap(value)) throw Fault.invalid(expected, value);
      }
      return choose(found).read(reader);
    },
    write(value, writer) {
      if (!isMap(value)) throw Fault.invalid(expected, value);
      choose(value[tag]).write(value, writer);
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
