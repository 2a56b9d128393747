import { writeSync } from "node:fs";

/**
 * Writes a line for people. A write to the stream, or a second one by `console.error`, ends the process where nobody reads standard
 * error any more: no line is worth that.
 */
export function logToStderr(line: string): void {
  const text = `heirloom: ${line}\n`;
  try {
    writeSync(2, text);
  } catch (error) {
    // Whoever shares it has made it one that does not wait, and it is full.
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") process.stderr.write(text);
  }
}
