import { connect } from "node:net";
import type { ControlAnswer, ControlRequest } from "@heirloom/node-runtime/control";
import { isAnswer } from "./answer.js";

/** How long a process may take for its first answer: a busy one needs a moment, a stopped one never answers. */
const firstAnswerDeadlineMs = 5_000;
/** An answer that is longer comes from nobody that this tool knows. */
const answerBytesMax = 4_194_304;

/** Why a conversation ended without its last answer. */
export type Silence =
  /** Nobody listens: the process is dead. */
  | "dead"
  /** This user may not ask. */
  | "denied"
  /** It is there and does not answer. */
  | "silent"
  /** It ended the conversation, or something else answered. */
  | "lost";

export class SilenceError extends Error {
  override readonly name = "SilenceError";
  readonly silence: Silence;

  constructor(silence: Silence) {
    super(`the conversation ended: ${silence}`);
    this.silence = silence;
  }
}

/**
 * Asks a control socket, and yields its answers up to the last.
 * @throws SilenceError where there was none, or something in between went wrong
 */
export async function* converse(path: string, request: ControlRequest): AsyncGenerator<ControlAnswer> {
  const socket = connect(path);
  const late = setTimeout(() => socket.destroy(new SilenceError("silent")), firstAnswerDeadlineMs);
  let rest = "";
  try {
    socket.setEncoding("utf8").write(`${JSON.stringify(request)}\n`);
    for await (const text of socket) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) clearTimeout(late);
      if (rest.length > answerBytesMax) throw new SilenceError("lost");
      for (const line of lines) yield parse(line);
    }
  } catch (error) {
    throw silenceOf(error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}

/** The only answer, or the first. */
export async function askOnce(path: string, request: ControlRequest): Promise<ControlAnswer> {
  for await (const answer of converse(path, request)) return answer;
  throw new SilenceError("lost");
}

function parse(line: string): ControlAnswer {
  try {
    const answer: unknown = JSON.parse(line);
    if (isAnswer(answer)) return answer;
  } catch {
    // Told below.
  }
  throw new SilenceError("lost");
}

function silenceOf(error: NodeJS.ErrnoException): Error {
  if (error instanceof SilenceError) return error;
  const silences: Record<string, Silence> = {
    ECONNREFUSED: "dead",
    ENOENT: "dead",
    ENOTSOCK: "dead",
    EACCES: "denied",
    EPERM: "denied",
    EAGAIN: "silent",
    ECONNRESET: "lost",
    EPIPE: "lost",
  };
  const silence = silences[error.code ?? ""];
  return silence === undefined ? error : new SilenceError(silence);
}
