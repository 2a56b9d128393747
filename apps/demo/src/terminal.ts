import type { WriteStream } from "node:tty";
import { stripVTControlCharacters, styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/**
 * Lines on one output stream, and on a terminal one more line at the bottom that is replaced in place.
 * Colours and the replaced line are for terminals only.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #color: boolean;
  readonly #live: boolean;
  #status = "";

  constructor(stream: NodeJS.WriteStream, options: { color: boolean }) {
    const terminal = stream.isTTY === true && process.env.TERM !== "dumb";
    this.#stream = stream;
    this.#color = terminal && options.color && !process.env.NO_COLOR;
    this.#live = terminal;
  }

  /** Whether `status` shows anything: otherwise, say the milestones in lines. */
  get live(): boolean {
    return this.#live;
  }

  paint(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ""): void {
    this.#stream.write(`${this.#erased()}${text}\n${this.#status}`);
  }

  /** Replaces the last line; an empty text takes it away. */
  status(text: string): void {
    if (!this.#live) return;
    const erased = this.#erased();
    this.#status = clip(text, (this.#stream as WriteStream).columns ?? 80);
    this.#stream.write(erased + this.#status);
  }

  #erased(): string {
    return this.#status === "" ? "" : "\r\u001b[2K";
  }
}

/** A line that wraps can't be replaced: cut it, and drop its colours where they'd be cut in two. */
function clip(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length < columns ? text : plain.slice(0, Math.max(0, columns - 1));
}
