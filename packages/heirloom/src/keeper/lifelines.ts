import { Socket } from "node:net";

/** The keeper's ends of all lifelines. Each ends when the last process that holds on to it is dead, or will never be owner again. */
export class Lifelines {
  readonly #open = new Set<Socket>();
  readonly #ended: () => void;

  /** `ended` is called when the last of them has ended. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get held(): boolean {
    return this.#open.size > 0;
  }

  hold(descriptor: number): void {
    const socket = new Socket({ fd: descriptor });
    this.#open.add(socket);
    // Nothing is ever said on it.
    socket.on("error", () => {}).resume();
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#ended();
    });
  }
}
