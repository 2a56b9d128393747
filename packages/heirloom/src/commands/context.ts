import { Terminal } from "../view/terminal.js";

/** The options that every command has. */
export interface CommonOptions {
  readonly folder?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

export function output({ color }: CommonOptions): Terminal {
  return new Terminal(process.stdout, { color });
}

/** Prints an object in a line. Control characters that JSON leaves as they are, and a terminal obeys, are escaped. */
export function printJson(value: unknown): void {
  const escaped = (character: string) => `\\u00${character.charCodeAt(0).toString(16)}`;
  process.stdout.write(`${JSON.stringify(value).replace(/[\u007f-\u009f]/g, escaped)}\n`);
}
