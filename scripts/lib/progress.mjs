const FRAMES = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇"];
const FRAME_MS = 120;
const PLAIN_LINE_MS = 5_000;
// What ends sooner than this (a build where nothing changed) is not worth a word.
const SILENT_MS = 700;

/**
 * Says on stderr what is going on and for how long, while `work` runs: a line that moves in a terminal, a plain
 * line every few seconds elsewhere. stdout stays the work's own.
 *
 * @param doing such as "Installing"
 * @param detail asked at each line for what is new, such as "12 of 240 packages"; "" for nothing
 */
export async function withProgress(doing, detail, work) {
  const out = process.stderr;
  const begin = Date.now();
  let frame = 0;
  let shown = false;
  const text = () => [doing, detail(), seconds(begin)].filter(Boolean).join(", ");
  const show = () => {
    shown = true;
    if (out.isTTY)
      out.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${text()}`.slice(0, out.columns + 4));
    else out.write(`${text()}\n`);
  };
  let repeat;
  const first = setTimeout(() => {
    show();
    repeat = setInterval(show, out.isTTY ? FRAME_MS : PLAIN_LINE_MS);
  }, SILENT_MS);
  const end = (word) => {
    clearTimeout(first);
    clearInterval(repeat);
    if (shown) out.write(`${out.isTTY ? "\r\x1b[2K" : ""}${doing}: ${word}, ${seconds(begin)}\n`);
  };
  try {
    const result = await work();
    end("done");
    return result;
  } catch (error) {
    shown = true;
    end("failed");
    throw error;
  }
}

const seconds = (begin) => `${Math.round((Date.now() - begin) / 1_000)} s`;
