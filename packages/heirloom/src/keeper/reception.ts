import { closeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import {
  type Deposit,
  type Posix,
  receiveFirst,
  type Stopping,
  type Syscalls,
  socketDescriptor,
  type Welcome,
} from "@heirloom/node-runtime/keeper";

export interface ReceptionListener {
  /** The keeper's end of a lifeline that a generation is about to hold on to. */
  lifeline(descriptor: number): void;
  deposited(deposit: Deposit, descriptors: readonly number[]): void;
  stopping(): void;
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
  const welcome: Welcome = { type: "welcome", pid: process.pid };
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
  if (deposit.type !== "owner" || descriptors.length !== expected(deposit)) {
    for (const each of descriptors) closeSync(each);
    throw new Error("not a deposit, or the limit of open files was reached");
  }
  listener.deposited(deposit, descriptors);
  createInterface({ input: socket }).on("line", (line) => {
    if ((JSON.parse(line) as Stopping).type === "stopping") listener.stopping();
  });
  socket.resume();
}

/** A process at its limit of open files gets fewer descriptors than were sent, without an error. */
function expected({ listeners }: Deposit): number {
  return listeners.reduce((sum, { custody }) => sum + (custody === undefined ? 1 : 2), 0);
}
