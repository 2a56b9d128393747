import { HandoffError, limits, type StatePhase, type StateWanted } from "@heirloom/protocol";
import type { Channel } from "../channel.js";
import type { Carried } from "./carry-options.js";
import { type Piece, piecesOf } from "./pieces.js";
import type { Streams } from "./streams.js";

/** What became of one stream in a handoff. */
export interface StreamReport {
  readonly name: string;
  /** `skipped`: the child does not know it. `absent`: the child wanted it, and this generation has none. */
  readonly outcome: "sent" | "skipped" | "absent";
  readonly warmBytes: number;
  readonly finalBytes: number;
}

const nothing = new Uint8Array(0);

/** Gives out the streams that one child wants, one after the other, as fast as that child reads. */
export class Exporter {
  readonly #streams: Streams;
  readonly #channel: Channel;
  readonly #failed: (error: HandoffError) => void;
  /** In the order in which the child asked. */
  readonly #wanted = new Map<string, StateWanted>();
  readonly #sent = new Map<string, Record<StatePhase, number>>();
  #last: Promise<void> = Promise.resolve();
  #over = false;

  /** `failed`: the application could not give something out. At most once, and not after `end`. */
  constructor(streams: Streams, channel: Channel, failed: (error: HandoffError) => void) {
    this.#streams = streams;
    this.#channel = channel;
    this.#failed = failed;
  }

  /** Notes what the child wants. Returns what is wrong with asking for it. */
  want(message: StateWanted): HandoffError | undefined {
    const { stream } = message;
    if (this.#wanted.has(stream)) return invalid(`the child wants stream ${JSON.stringify(stream)} twice`);
    if (this.#wanted.size === limits.streamsMax)
      return invalid(`the child wants more than ${limits.streamsMax} streams`);
    this.#wanted.set(stream, message);
    return undefined;
  }

  /** Sends warm what was asked for last. */
  sendWarm(): void {
    const latest = [...this.#wanted.values()].at(-1);
    if (latest !== undefined) this.#queue(latest, "warm");
  }

  /** Sends everything that was asked for, as it is now that this generation is parked. */
  sendFinal(): void {
    for (const wanted of this.#wanted.values()) this.#queue(wanted, "final");
  }

  /** Sends no more, and tells of nothing. */
  end(): void {
    this.#over = true;
  }

  report(): StreamReport[] {
    const all = new Set([...this.#streams.names, ...this.#wanted.keys()]);
    return [...all].map((name) => {
      const { warm, final } = this.#sent.get(name) ?? { warm: 0, final: 0 };
      const known = this.#wanted.has(name);
      const outcome = !known ? "skipped" : this.#streams.get(name) === undefined ? "absent" : "sent";
      return { name, outcome, warmBytes: warm, finalBytes: final };
    });
  }

  #queue(wanted: StateWanted, phase: StatePhase): void {
    this.#last = this.#last.then(async () => {
      if (this.#over) return;
      try {
        await this.#send(wanted, phase);
      } catch (cause) {
        if (this.#over) return;
        this.end();
        this.#failed(exportFailed(wanted.stream, phase, cause));
      }
    });
  }

  async #send(wanted: StateWanted, phase: StatePhase): Promise<void> {
    const stream = this.#streams.get(wanted.stream);
    const give = phase === "warm" ? stream?.warm : stream?.export;
    if (stream === undefined || give === undefined) {
      this.#channel.send({ type: "state", stream: wanted.stream, phase, bytes: nothing, last: true });
      return;
    }
    const version = versionFor(stream, wanted.version);
    for await (const piece of piecesOf(await give(version))) {
      // Leaving the loop ends the application's generator, too.
      if (this.#over) return;
      await this.#sendPiece(stream, phase, version, piece);
    }
  }

  async #sendPiece({ name }: Carried, phase: StatePhase, version: number, piece: Piece): Promise<void> {
    const sent = this.#sent.get(name) ?? { warm: 0, final: 0 };
    sent[phase] += piece.bytes.length;
    this.#sent.set(name, sent);
    this.#channel.send({ type: "state", stream: name, phase, version, ...piece });
    await this.#channel.flushed();
    // Requests are answered between two pieces, however fast the child reads.
    if (!piece.last) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The child's own format where that is older and can still be written, this release's otherwise. */
function versionFor({ version, oldestVersion }: Carried, wanted: number): number {
  return Math.max(oldestVersion, Math.min(version, wanted));
}

function invalid(message: string): HandoffError {
  return new HandoffError("MESSAGE_FIELD_INVALID", { origin: "remote", message });
}

function exportFailed(name: string, phase: StatePhase, cause: unknown): HandoffError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HandoffError("HOOK_FAILED", {
    message: `the application could not give out its ${phase} state ${JSON.stringify(name)} (${why}): see the cause`,
    cause,
  });
}
