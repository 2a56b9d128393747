/** One press of Ctrl-C can arrive more than once: from the terminal, and again from the npm above. */
const REPEAT_MS = 1_000;

/**
 * Calls `first` once for the first SIGINT or SIGTERM, and `again` for one that comes so much later that it is meant.
 * An output that nobody reads any more (a closed terminal, the end of a pipe) counts as the first. Returns what
 * takes the handlers away.
 */
export function onInterrupt(first: (signal: "SIGINT" | "SIGTERM") => void, again: () => void): () => void {
  let firstAt: number | undefined;
  const interrupt = (signal: "SIGINT" | "SIGTERM") => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      first(signal);
    } else if (performance.now() - firstAt > REPEAT_MS) {
      again();
    }
  };
  const onOutputError = () => {
    if (firstAt === undefined) interrupt("SIGTERM");
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", onOutputError);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  };
}
