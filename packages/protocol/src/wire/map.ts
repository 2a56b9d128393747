import { Fault } from "./fault.js";
import { type Field, type OptionalField, oneOf, type RequiredField } from "./field.js";
import { isMap } from "./value.js";
import { type Writer, written } from "./writer.js";

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
type Content = Record<string, unknown>;

export interface MapField<in out T> extends RequiredField<T> {
  /** The heading of its table in spec/v1/messages.md. */
  readonly name: string;
  /** In the order in which they are written; fewer than 16, so that the head of the map is one byte. */
  readonly entries: Entries;
  readonly rules: readonly Rule<T>[];
}

/** A map with exactly these fields, written in this order. */
export function map<T>(name: string, fields: FieldsOf<T>, rules: readonly Rule<T>[] = []): MapField<T> {
  return build(name, fields, rules, 0);
}

/** A map that says itself what it is: `tag` is the key that does, `name` its value. */
export function taggedMap<T, Tag extends keyof T & string>(
  tag: Tag,
  name: T[Tag] & string,
  fields: FieldsOf<T, Tag>,
  rules: readonly Rule<T>[] = [],
): MapField<T> {
  return build(name, { [tag]: oneOf(name), ...fields }, rules, 1);
}

/** `tags`: how many fields in front have only one value, by which this map was picked. */
function build<T>(name: string, fields: object, rules: readonly Rule<T>[], tags: 0 | 1): MapField<T> {
  const expected = `a ${name} map`;
  const keys = Object.keys(fields);
  const values: Field<unknown>[] = Object.values(fields);
  /** As they stand on the wire. Made with the first map that is written: a child on its way to ready writes two of thirty. */
  let writtenKeys: readonly Uint8Array[] | undefined;
  const check = (value: unknown): Content => {
    if (isMap(value)) return value as Content;
    throw Fault.invalid(expected, value);
  };
  const checkRules = (value: T): void => {
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i] as Rule<T>;
      if (!rule.holds(value)) throw Fault.rule(rule.text);
    }
  };
  return {
    name,
    expected,
    get entries() {
      return Object.entries(fields);
    },
    rules,
    read(value) {
      const content = check(value);
      const known = tags + readEntries(content, tags, keys, values);
      const exact = (countKeys(content) === known ? content : only(content, keys)) as T;
      checkRules(exact);
      return exact;
    },
    write(value, writer) {
      const content = check(value);
      writtenKeys ??= keys.map((key, i) => written(...(i < tags ? [key, name] : [key])));
      writeEntries(content, tags, keys, values, writtenKeys, writer);
      checkRules(content as T);
    },
  };
}

/** Checks every known key from the one numbered `from` on. Returns how many there are. */
function readEntries(
  content: Content,
  from: number,
  keys: readonly string[],
  fields: readonly Field<unknown>[],
): number {
  let known = 0;
  let i = from;
  try {
    for (; i < keys.length; i++) {
      const key = keys[i] as string;
      const field = fields[i] as Field<unknown>;
      const found = content[key];
      if (found === undefined) {
        missing(field);
        continue;
      }
      known++;
      const value = field.read(found);
      if (value !== found) content[key] = value;
    }
  } catch (error) {
    throw Fault.inside(keys[i] as string, error);
  }
  return known;
}

function writeEntries(
  content: Content,
  tags: number,
  keys: readonly string[],
  fields: readonly Field<unknown>[],
  writtenKeys: readonly Uint8Array[],
  writer: Writer,
): void {
  const head = writer.openMap();
  for (let tag = 0; tag < tags; tag++) writer.raw(writtenKeys[tag] as Uint8Array);
  let known = tags;
  let i = tags;
  try {
    for (; i < keys.length; i++) {
      const field = fields[i] as Field<unknown>;
      const found = content[keys[i] as string];
      if (found === undefined) {
        missing(field);
        continue;
      }
      known++;
      writer.raw(writtenKeys[i] as Uint8Array);
      field.write(found, writer);
    }
  } catch (error) {
    throw Fault.inside(keys[i] as string, error);
  }
  writer.closeMap(head, known);
}

/** The own keys of a plain object. */
function countKeys(content: Content): number {
  let count = 0;
  for (const _ in content) count++;
  return count;
}

function missing(field: Field<unknown>): void {
  if (field.optional !== true) throw Fault.missing(field.expected);
}

/** A map with only what the schema knows. */
function only(content: Content, keys: readonly string[]): Content {
  const known: Content = {};
  for (const key of keys) if (content[key] !== undefined) known[key] = content[key];
  return known;
}

/** One of several tagged maps. */
export function variants<T, Tag extends keyof T & string>(
  expected: string,
  tag: Tag,
  maps: { readonly [K in T[Tag] & string]: MapField<Extract<T, Record<Tag, K>>> },
): RequiredField<T> {
  const byTag = new Map(Object.entries(maps as unknown as Record<string, Field<T>>));
  const tagExpected = [...byTag.keys()].map((value) => `"${value}"`).join(" or ");
  const pick = (value: unknown): Field<T> => {
    if (!isMap(value)) throw Fault.invalid(expected, value);
    const found = value[tag];
    const variant = byTag.get(found as string);
    if (variant !== undefined) return variant;
    const fault = found === undefined ? Fault.missing(tagExpected) : Fault.invalid(tagExpected, found);
    throw Fault.inside(tag, fault);
  };
  return {
    expected,
    read: (value) => pick(value).read(value),
    write: (value, writer) => pick(value).write(value, writer),
  };
}

/** A rule that each of some values stands only once. Quadratic: for what the limits keep short. */
export function distinct<T>(what: string, values: (value: T) => readonly unknown[]): Rule<T> {
  return {
    text: `${what} are distinct`,
    holds(value) {
      const all = values(value);
      for (let i = 1; i < all.length; i++) {
        for (let k = 0; k < i; k++) if (all[k] === all[i]) return false;
      }
      return true;
    },
  };
}
