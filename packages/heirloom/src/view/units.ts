export function milliseconds(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** An age in its largest unit: nobody compares the seconds of days. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** What became of connections, in words; a service of an earlier release tells less. */
export function ends(counts: { readonly [end: string]: unknown }): string {
  const words = {
    moved: "moved",
    finished: "finished",
    closed: "closed while idle",
    cut: "cut at the drain deadline",
  };
  const parts = Object.entries(words).flatMap(([end, word]) => {
    const number = counts[end];
    return typeof number === "number" && number > 0 ? [{ number, word }] : [];
  });
  if (parts.length === 0) return "no connection was open";
  const told = parts.map(({ number, word }, index) =>
    index === 0 ? `${count(number, "connection")} ${word}` : `${number} ${word}`,
  );
  return told.join(", ");
}
