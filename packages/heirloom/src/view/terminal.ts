import { stripVTControlCharacters, styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "red" | "yellow";

/**
 * Lines for a person. Colours, and lines that are replaced in place, are for terminals only; what comes from a service is shown as
 * text, whatever is in it.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #color: boolean;
  /** Whether somebody looks on, who wants to see what happens while it happens. */
  readonly live: boolean;
  #replaced = 0;
  #passing = "";

  constructor(stream: NodeJS.WriteStream, { color }: { readonly color: boolean }) {
    this.#stream = stream;
    this.live = stream.isTTY === true && process.env.TERM !== "dumb";
    this.#color = this.live && color && !process.env.NO_COLOR;
  }

  paint(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ""): void {
    this.#stream.write(`${this.#erased()}${text}\n`);
  }

  /** Lines that the next lines take the place of; on a terminal only. */
  passing(lines: readonly string[]): void {
    if (!this.live) return;
    const columns = this.#stream.columns || 80;
    // A line that wraps would leave its rest behind.
    const clipped = lines.map((line) => clip(line, columns));
    const text = clipped.map((line) => `${line}\n`).join("");
    if (this.#replaced > 0 && text === this.#passing) return;
    this.#stream.write(this.#erased() + text);
    this.#replaced = clipped.length;
    this.#passing = text;
  }

  #erased(): string {
    const up = this.#replaced;
    this.#replaced = 0;
    return up === 0 ? "" : `\u001b[${up}A\u001b[J`;
  }
}

function clip(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length < columns ? line : plain.slice(0, columns - 1);
}

/** Text of somebody else's, safe for a terminal: no control characters, on one line. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "\t" ? " " : "\uFFFD",
  );
}
