/** Whether this came from a MessagePack map, or could become one. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

const shownCharacters = 40;

/** A value as an error may show it: short, and never its bytes. */
export function describe(value: unknown): string {
  if (typeof value === "string") {
    const quoted = JSON.stringify(value.slice(0, shownCharacters));
    return value.length > shownCharacters
      ? `${quoted} and ${value.length - shownCharacters} characters more`
      : quoted;
  }
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" && value !== null ? "a map" : String(value);
}
