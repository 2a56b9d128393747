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

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
