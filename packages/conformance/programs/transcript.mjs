import { appendFileSync } from "node:fs";
import { Socket } from "node:net";
import { decodeMessage, encodeMessage, FrameDecoder } from "@heirloom/protocol";

/** One end of a channel in the hands of a script, which writes what it likes; what it reads is kept for the runner. */
export class ScriptedChannel {
  #socket;
  #decoder = new FrameDecoder();
  #messages = [];
  #taken = new Map();
  #waiting = () => {};
  #ended = false;

  constructor(socket, transcript) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      for (const payload of this.#decoder.push(chunk)) {
        const message = decodeMessage(payload);
        appendFileSync(transcript, `${JSON.stringify(message)}\n`);
        this.#messages.push(message);
      }
      this.#waiting();
    });
    const end = () => {
      this.#ended = true;
      this.#waiting();
    };
    socket.on("end", end).on("close", end).on("error", end);
  }

  static at(descriptor, transcript) {
    return new ScriptedChannel(
      new Socket({ fd: descriptor, readable: true, writable: true, allowHalfOpen: true }),
      transcript,
    );
  }

  send(...messages) {
    this.write(Buffer.concat(messages.map((message) => encodeMessage(message))));
  }

  /** Each byte in a write of its own. */
  async trickle(...messages) {
    for (const byte of Buffer.concat(messages.map((message) => encodeMessage(message)))) {
      await new Promise((done) => this.#socket.write(Buffer.from([byte]), done));
    }
  }

  write(bytes) {
    this.#socket.write(bytes);
  }

  /** Resolves with the first message of one of these types that is or will be read; undefined when the channel ends. */
  async until(...types) {
    for (;;) {
      const found = this.#messages.find(({ type }) => types.includes(type));
      if (found !== undefined || this.#ended) return found;
      await new Promise((wake) => {
        this.#waiting = wake;
      });
    }
  }

  /** Resolves when nothing is left to be read. */
  untilEnded() {
    return this.until();
  }

  /** How many messages of this type `next` has returned. */
  count(type) {
    return this.#taken.get(type) ?? 0;
  }

  /** Resolves with the first message of this type that was not returned before; never, where none comes any more. */
  async next(type) {
    for (;;) {
      const found = this.#messages.filter((message) => message.type === type)[this.count(type)];
      if (found !== undefined) {
        this.#taken.set(type, this.count(type) + 1);
        return found;
      }
      await new Promise((wake) => {
        this.#waiting = wake;
      });
    }
  }

  close() {
    this.#socket.destroy();
  }
}

/** Bytes that break the wire. */
export const broken = {
  garbage: Buffer.from("GET / HTTP/1.1\r\nHost: me\r\n\r\n"),
  half: Buffer.from("0000004081a4", "hex"),
  oversized: Buffer.from("00100001", "hex"),
  empty: Buffer.from("00000000", "hex"),
  // {"type": "no-such-message"}
  unknown: Buffer.from("0000001681a474797065af6e6f2d737563682d6d657373616765", "hex"),
  // {"type": "no-such-message", "ignorable": true}
  ignorable: Buffer.from("0000002182a474797065af6e6f2d737563682d6d657373616765a969676e6f7261626c65c3", "hex"),
  // {"type": "commit", "x": nil}
  nil: Buffer.from("0000001082a474797065a6636f6d6d6974a178c0", "hex"),
};
