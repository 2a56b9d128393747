import {
  type Connections,
  type ConnectionsLate,
  decodeMessage,
  encodeMessage,
  FrameDecoder,
  limits,
  type MovedConnection,
} from "@heirloom/protocol";
import type { DescriptorMessage } from "../syscalls/descriptor-message.js";
import type { Syscalls } from "../syscalls.js";
import { closeAll } from "./descriptor-channel.js";

/** A connection that a child gives back to its parent as the last thing that it does. @see spec/v1/connections.md, CO-25 */
export interface Returned {
  readonly descriptor: number;
  readonly moved: MovedConnection;
  readonly late: readonly Uint8Array[];
}

/** Beside the descriptors of one message, in bytes: the system takes as much whole, or not at all. */
const messageBytesMax = 49_152;
/** What a connection takes of them besides its names and its late bytes, at most. */
const overheadBytes = 256;

/** Sends as many as the system has room for; nobody reads them before this process has ended. */
export function sendReturned(syscalls: Syscalls, channel: number, connections: readonly Returned[]): void {
  let batch: Returned[] = [];
  let number = 0;
  let bytes = 0;
  const send = () => {
    number += 1;
    const sent = batch.length === 0 || syscalls.sendDescriptors(channel, messageOf(number, batch));
    batch = [];
    bytes = 0;
    return sent;
  };
  for (const connection of connections) {
    const size = connection.late.reduce((sum, { length }) => sum + length, overheadBytes);
    if (size > messageBytesMax) continue;
    const isFull = batch.length === limits.connectionsMax || bytes + size > messageBytesMax;
    if (isFull && !send()) return;
    batch.push(connection);
    bytes += size;
  }
  send();
}

function messageOf(batch: number, connections: readonly Returned[]) {
  const late = connections.flatMap((connection, index) =>
    connection.late.map((bytes): ConnectionsLate => ({ type: "connections-late", batch, index, bytes })),
  );
  const first: Connections = {
    type: "connections",
    batch,
    connections: connections.map(({ moved }) => moved),
  };
  return {
    bytes: Buffer.concat([first, ...late].map(encodeMessage)),
    descriptors: connections.map(({ descriptor }) => descriptor),
  };
}

/** What a child that has exited gave back. What is not whole is closed. */
export function receiveReturned(syscalls: Syscalls, channel: number): Returned[] {
  const returned: Returned[] = [];
  for (;;) {
    const message = receive(syscalls, channel);
    if (message === undefined || message.bytes.length === 0) return returned;
    const { bytes, descriptors } = message;
    const connections = parse(bytes, descriptors);
    if (connections === undefined) closeAll(descriptors);
    else returned.push(...connections);
  }
}

function receive(syscalls: Syscalls, channel: number): DescriptorMessage | undefined {
  try {
    return syscalls.receiveDescriptors(channel, messageBytesMax);
  } catch {
    // The child had closed its end, or read less than it was sent: there is nothing more.
    return undefined;
  }
}

/** Undefined for what a child that keeps to the protocol does not send, such as to a parent at its limit of open files. */
function parse(bytes: Uint8Array, descriptors: readonly number[]): Returned[] | undefined {
  try {
    const [first, ...rest] = new FrameDecoder().push(bytes).map((payload) => decodeMessage(payload));
    if (first?.type !== "connections" || first.connections.length !== descriptors.length) return undefined;
    const late = first.connections.map((): Uint8Array[] => []);
    for (const message of rest) {
      if (message?.type !== "connections-late") return undefined;
      late[message.index]?.push(message.bytes);
    }
    return descriptors.map((descriptor, i) => ({
      descriptor,
      moved: first.connections[i] as MovedConnection,
      late: late[i] ?? [],
    }));
  } catch {
    return undefined;
  }
}
