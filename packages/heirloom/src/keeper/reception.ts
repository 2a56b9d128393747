import { closeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import {
  type Deposit,
  type Posix,
  type RestartOrder,
  type RestartTaken,
  receiveFirst,
  receiveRest,
  type Stopping,
  type Syscalls,
  socketDescriptor,
  type Welcome,
} from "@heirloom/node-runtime/keeper";

export interface ReceptionListener {
  /** The keeper's end of a lifeline that a generation is about to hold on to. */
  lifeline(descriptor: number): void;
  deposited(deposit: Deposit, descriptors: readonly number[], owner: Owner): void;
  /** It is gone. `unanswered`: with an order to restart that nobody has taken. */
  left(owner: Owner, unanswered: boolean): void;
  stopping(): void;
}

/** A generation that has deposited its listeners, as long as it is there and may be owner. */
export class Owner {
  readonly #socket: Socket;
  #orders = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether it was told to restart, and has not said that it will. */
  get isAsked(): boolean {
    return this.#orders > 0;
  }

  restart(): void {
    const order: RestartOrder = { type: "restart" };
    this.#orders += 1;
    this.#socket.write(`${JSON.stringify(order)}\n`);
  }

  /** It has taken an order. */
  taken(): void {
    if (this.#orders > 0) this.#orders -= 1;
  }

  /** What it has not taken is another one's to do. */
  excuse(): void {
    this.#orders = 0;
  }
}

/** The server that owners deposit their listeners with. */
export function createReception(posix: Posix, syscalls: Syscalls, listener: ReceptionListener): Server {
  // What comes first comes with descriptors, which Node would take away.
  return createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => {});
    receive(posix, syscalls, socket, listener).catch(() => socket.destroy());
  });
}

async function receive(
  posix: Posix,
  syscalls: Syscalls,
  socket: Socket,
  listener: ReceptionListener,
): Promise<void> {
  const descriptor = socketDescriptor(socket);
  const [ours, theirs] = posix.socketPair();
  const startedAt = Math.round(performance.timeOrigin);
  const welcome: Welcome = { type: "welcome", pid: process.pid, startedAt };
  try {
    syscalls.sendDescriptors(descriptor, {
      bytes: Buffer.from(JSON.stringify(welcome)),
      descriptors: [theirs],
    });
  } finally {
    closeSync(theirs);
    // Ends by itself if the generation does not take it.
    listener.lifeline(ours);
  }
  const { message, descriptors } = await receiveFirst(syscalls, descriptor);
  const deposit = message as Deposit;
  if (!isWhole(deposit, descriptors)) {
    for (const each of descriptors) closeSync(each);
    throw new Error("not a deposit, or the limit of open files was reached");
  }
  const owner = new Owner(socket);
  receiveRest(socket, (message) => {
    const { type } = message as Stopping | RestartTaken;
    if (type === "stopping") listener.stopping();
    if (type === "restarting") owner.taken();
  });
  socket.once("close", () => listener.left(owner, owner.isAsked));
  listener.deposited(deposit, descriptors, owner);
  socket.resume();
}

/** A process at its limit of open files gets fewer descriptors than were sent, without an error. */
export function isWhole({ type, listeners }: Deposit, descriptors: readonly number[]): boolean {
  const expected = () => listeners.reduce((sum, { custody }) => sum + (custody === undefined ? 1 : 2), 0);
  return type === "owner" && descriptors.length === expected();
}
