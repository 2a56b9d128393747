import type { Field, OptionalField, RequiredField } from "./field.js";

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

export interface MapField<in out T> extends RequiredField<T> {
  /** The heading of its table in spec/v1/messages.md. */
  readonly name: string;
  readonly fields: Readonly<Record<string, Field<never>>>;
  readonly rules: readonly Rule<T>[];
}

/** A map with exactly these fields, written in this order. */
export function map<T>(name: string, fields: FieldsOf<T>, rules: readonly Rule<T>[] = []): MapField<T> {
  return build(name, {}, fields, rules);
}

/** A map that says itself what it is: `tag` is the key that does, `name` its value. */
export function taggedMap<T, Tag extends keyof T & string>(
  tag: Tag,
  name: T[Tag] & string,
  fields: FieldsOf<T, Tag>,
  rules: readonly Rule<T>[] = [],
): MapField<T> {
  return build(name, { [tag]: name }, fields, rules);
}

function build<T>(
  name: string,
  tags: Readonly<Record<string, string>>,
  fields: object,
  rules: readonly Rule<T>[],
): MapField<T> {
  const expected = `a ${name} map`;
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  return {
    name,
    expected,
    fields: fields as MapField<T>["fields"],
    rules,
    read(value, path) {
      if (!isMap(value)) throw path.invalid(expected, value);
      const result: Record<string, unknown> = { ...tags };
      for (const [key, field] of entries) {
        path.enter(key);
        const found = value[key];
        if (found !== undefined) result[key] = field.read(found, path);
        else if (field.optional !== true) throw path.missing(field.expected);
        path.leave();
      }
      for (const rule of rules) {
        if (!rule.holds(result as T)) throw path.contradiction(rule.text);
      }
      return result as T;
    },
  };
}

/** One of several tagged maps. */
export function variants<T, Tag extends keyof T & string>(
  expected: string,
  tag: Tag,
  maps: { readonly [K in T[Tag] & string]: MapField<Extract<T, Record<Tag, K>>> },
): RequiredField<T> {
  const values = Object.keys(maps).map((value) => `"${value}"`);
  const tagExpected = values.join(" or ");
  return {
    expected,
    read(value, path) {
      if (!isMap(value)) throw path.invalid(expected, value);
      const found = value[tag];
      if (typeof found === "string" && Object.hasOwn(maps, found)) {
        return (maps as unknown as Record<string, Field<T>>)[found]!.read(value, path);
      }
      path.enter(tag);
      throw found === undefined ? path.missing(tagExpected) : path.invalid(tagExpected, found);
    },
  };
}

/** Whether this came from, or would become, a MessagePack map. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** A rule that a value stands only once. */
export function distinct<T>(what: string, values: (value: T) => readonly unknown[]): Rule<T> {
  return {
    text: `${what} are distinct`,
    holds(value) {
      const all = values(value);
      return new Set(all).size === all.length;
    },
  };
}
