import { closeSync } from "node:fs";
import type {
  Connections,
  ConnectionsLate,
  ConnectionsReleased,
  HandoffError,
  Message,
  Offer,
} from "@heirloom/protocol";
import { Adopter } from "../moves/adopter.js";
import { mayHaveSyscalls } from "../syscalls.js";
import { violation } from "./message-event.js";
import type { Service } from "./service.js";

type MoveMessage = Connections | ConnectionsLate | ConnectionsReleased;

/** What a child's machine has to do with connections that its parent moves to it. */
export class ChildMoves {
  readonly #service: Service;
  readonly #send: (message: Message) => void;
  /** Undefined: none move. */
  readonly #adopter: Adopter | undefined;
  /** The message that is being taken. */
  #taken: MoveMessage | undefined;

  constructor(service: Service, offer: Offer | undefined, send: (message: Message) => void) {
    this.#service = service;
    this.#send = send;
    const { settings, movables, drainer } = service;
    const channel = offer?.descriptorChannel;
    if (channel === undefined) return;
    const agreed =
      offer?.features.includes("connections") && settings.connections === "move" && mayHaveSyscalls();
    if (agreed) this.#adopter = new Adopter(channel, movables, drainer);
    else closeSync(channel);
  }

  /** Whether both generations have the feature `connections`. */
  get agreed(): boolean {
    return this.#adopter !== undefined;
  }

  /** Notes what the parent says. Returns what is wrong with that. */
  hear(message: Message): HandoffError | undefined {
    if (!isMove(message)) return undefined;
    if (this.#adopter === undefined)
      return violation("parent", message.type, "without the feature connections");
    this.#taken = message;
    return message.type === "connections" ? this.#adopter.faultOf(message) : undefined;
  }

  /** Loads a library, which takes milliseconds. */
  prepare(): Promise<void> | undefined {
    return this.#adopter?.prepare();
  }

  sendAwaited(): void {
    this.#send({ type: "connections-awaited", protocols: this.#adopter?.protocols ?? [] });
  }

  decline(): void {
    if (this.#adopter === undefined) return;
    this.#adopter.decline();
    this.sendAwaited();
  }

  adopt(): void {
    this.#answer((batch) => this.#adopter?.adopt(batch) ?? 0);
  }

  refuse(): void {
    this.#answer((batch) => {
      this.#adopter?.refuse(batch);
      return 0;
    });
  }

  /** Returns what is wrong with the late bytes. */
  keepLate(): HandoffError | undefined {
    return this.#taken?.type === "connections-late" ? this.#adopter?.keepLate(this.#taken) : undefined;
  }

  /** Returns what is wrong with the release. */
  take(): HandoffError | undefined {
    return this.#taken?.type === "connections-released" ? this.#adopter?.take(this.#taken.batch) : undefined;
  }

  /** The parent is gone. */
  inherit(): void {
    this.#adopter?.inherit();
  }

  /** From here on a failure of this process leaves its clients to the parent, as long as that has a way back. */
  mayReturn(hasWayBack: () => boolean): void {
    const { listeners } = this.#service;
    const inherited = listeners.dispositions().filter(({ disposition }) => disposition === "inherited");
    this.#adopter?.mayReturn(new Set(inherited.map(({ name }) => name)));
    process.once("exit", () => {
      if (hasWayBack()) this.#adopter?.giveBack();
    });
  }

  mayNotReturn(): void {
    this.#adopter?.mayReturn(undefined);
  }

  #answer(take: (batch: Connections) => number): void {
    if (this.#taken?.type !== "connections") return;
    const { batch } = this.#taken;
    this.#send({ type: "connections-adopted", batch, count: take(this.#taken) });
  }
}

function isMove(message: Message): message is MoveMessage {
  const { type } = message;
  return type === "connections" || type === "connections-late" || type === "connections-released";
}
