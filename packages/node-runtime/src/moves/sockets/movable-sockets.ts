import type { Socket } from "node:net";
import { limits } from "@heirloom/protocol";
import type { ConnectionEnd } from "../../drain/tally.js";
import { startReading, stopReading } from "../../node-internals.js";
import { isEncrypted } from "../encrypted.js";
import type { ArrivedConnection, ListenerOf, Movable, PausedConnection } from "../movable.js";
import { HeldSocket } from "./held-socket.js";
import { decodeParting, encodeParting, type Parting } from "./parting.js";

/** How long a client may take to see that its connection is over. */
const lingerMs = 5_000;
const nothing = new Uint8Array();

/** How sockets of one protocol of an application go on in the next generation. */
export interface SocketHooks {
  /**
   * Whether this socket can move right now: nothing of a message is half-read unless `leave` tells of it, and nothing that the
   * client waits for is still being worked on. What is not written yet is seen to. Default: always. A socket for which it throws stays.
   */
  atBoundary?(socket: Socket): boolean;
  /**
   * The socket has left: returns what `arrive` needs in the child, at most 256 KiB. Called once, at the very last moment: nothing
   * is read any more, what was written meanwhile travels along, and whatever is done to the socket from here on reaches nobody.
   * Undefined: the connection is over, and ends once everything is written. One that throws ends it, too.
   */
  leave(socket: Socket): Uint8Array | undefined;
  /**
   * Goes on with a socket. Called before anything is read from it: listen to it at once. `listener` is the name of the listener
   * that it came in on. One that throws ends the connection.
   */
  arrive(socket: Socket, state: Uint8Array, listener: string): void;
}

const stateBytesMax = 256 * 1024;

/**
 * Plain sockets of any server that move to the child with state of the application. What the application writes to a socket
 * while it is on its way is neither lost nor sent twice: the child sends it first.
 *
 * The connections of a parent that is killed in the very moment in which it gives them away are closed.
 * @see spec/v1/connections.md
 */
export class MovableSockets implements Movable {
  readonly protocol: string;
  readonly #hooks: SocketHooks;
  /** Oldest first; true: on its way. */
  readonly #sockets = new Map<Socket, boolean>();
  /** Those of which somebody was told already that `atBoundary` fails. */
  readonly #unclear = new WeakSet<Socket>();
  #listenerOf: ListenerOf = () => undefined;
  #settled: () => void = () => {};
  /** Called as a listener of a socket. */
  readonly #forget: (this: Socket) => void;

  /** `protocol`: what every release calls this, 1 to 64 bytes of UTF-8, such as `example.org/chat`. */
  constructor(protocol: string, hooks: SocketHooks) {
    this.protocol = protocol;
    this.#hooks = hooks;
    const sockets = this.#sockets;
    this.#forget = function () {
      sockets.delete(this);
    };
  }

  /**
   * This socket moves from here on, until it closes. Those that arrive are added already. One with `setEncoding` stays: decode
   * what it reads yourself.
   */
  add(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.set(socket, false);
    socket.once("close", this.#forget);
  }

  /** This socket does not move any more. */
  delete(socket: Socket): void {
    if (this.#sockets.get(socket) !== false) return;
    this.#sockets.delete(socket);
    // It may be added again, any number of times.
    socket.removeListener("close", this.#forget);
  }

  /** Whether this socket is on its way: nothing reaches it, and it may yet stay. */
  isMoving(socket: Socket): boolean {
    return this.#sockets.get(socket) === true;
  }

  /** Says that a socket may have come to a boundary. Without it they are looked at a few times a second. */
  settled(): void {
    this.#settled();
  }

  begin(settled: () => void, listenerOf: ListenerOf): void {
    this.#settled = settled;
    this.#listenerOf = listenerOf;
  }

  end(): void {
    this.#settled = () => {};
  }

  pause(max: number, listeners: ReadonlySet<string>): readonly PausedConnection[] {
    const paused: PausedConnection[] = [];
    for (const [socket, moving] of this.#sockets) {
      if (paused.length >= max) break;
      if (moving || !canMove(socket)) continue;
      const listener = this.#listenerOf(socket);
      if (listener === undefined || !listeners.has(listener)) continue;
      if (!this.#isAtBoundary(socket)) continue;
      if (stopReading(socket)) paused.push(this.#paused(socket, listener));
      else startReading(socket);
    }
    return paused;
  }

  adopt({ socket, moved, late }: ArrivedConnection): void {
    const parting = decodeParting(late);
    // Whatever is wrong with it is found out by whoever reads from it next.
    socket.on("error", () => {});
    if (parting === undefined || parting.fate === "gone") {
      socket.destroy();
      return;
    }
    if (parting.unsent.length > 0) socket.write(parting.unsent);
    if (parting.fate === "ends") {
      endGently(socket);
      return;
    }
    if (parting.unread.length > 0) socket.unshift(parting.unread);
    this.add(socket);
    try {
      this.#hooks.arrive(socket, parting.state, moved.listener);
    } catch (error) {
      warn(this.protocol, "ends with its move", "arrive", error);
      socket.destroy();
    }
  }

  /** It is asked from timers, where what it throws would end this process, and many times. */
  #isAtBoundary(socket: Socket): boolean {
    try {
      return this.#hooks.atBoundary?.(socket) !== false;
    } catch (error) {
      if (!this.#unclear.has(socket)) warn(this.protocol, "stays where it is", "atBoundary", error);
      this.#unclear.add(socket);
      return false;
    }
  }

  #paused(socket: Socket, listener: string): PausedConnection {
    this.#sockets.set(socket, true);
    const held = new HeldSocket(socket);
    let became: ConnectionEnd = "moved";
    return {
      socket,
      listener,
      // What the application says comes last: without it the child has nothing to go on from.
      moved: { still: false },
      late: () => {
        const isOpen = !socket.destroyed;
        const parting = this.#part(socket, held);
        if (parting.fate !== "goesOn") became = parting.fate === "gone" && isOpen ? "cut" : "finished";
        return [encodeParting(parting)];
      },
      became: () => became,
      resume: () => {
        if (this.#sockets.has(socket)) this.#sockets.set(socket, false);
        held.restore();
        startReading(socket);
      },
    };
  }

  #part(socket: Socket, held: HeldSocket): Parting {
    this.#sockets.delete(socket);
    const gone: Parting = { fate: "gone", state: nothing, unsent: nothing, unread: nothing };
    if (socket.destroyed || held.tooMuch) return gone;
    let state: Uint8Array | undefined;
    try {
      state = held.ended ? undefined : this.#hooks.leave(socket);
      if (state !== undefined && state.length > stateBytesMax)
        throw new Error(
          `it returned ${state.length} bytes, and ${stateBytesMax} is what a connection may take along`,
        );
    } catch (error) {
      warn(this.protocol, "ends with its move", "leave", error);
      state = undefined;
    }
    // `leave` may have written a last word.
    const unsent = held.take();
    if (state === undefined) return { ...gone, fate: "ends", unsent };
    const unread = readAll(socket);
    const fits = state.length + unsent.length + unread.length < limits.lateBytesMax - 1_024;
    return fits ? { fate: "goesOn", state, unsent, unread } : gone;
  }
}

function canMove(socket: Socket): boolean {
  return (
    !socket.destroyed &&
    socket.readable &&
    socket.writable &&
    socket.writableLength === 0 &&
    // On its way to a listener already.
    !(socket.readableFlowing && socket.readableLength > 0) &&
    // Half a character would stay in the decoder.
    socket.readableEncoding === null &&
    !isEncrypted(socket)
  );
}

function readAll(socket: Socket): Uint8Array {
  if (socket.readableLength === 0) return nothing;
  // They would be given what the child is about to give its own.
  socket.removeAllListeners("data");
  return (socket.read() as Buffer | null) ?? nothing;
}

function endGently(socket: Socket): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
}

function warn(protocol: string, fate: string, hook: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`a connection of ${protocol} ${fate}, since ${hook} failed: ${reason}`, {
    type: "HeirloomWarning",
    ...(error instanceof Error && error.stack !== undefined && { detail: error.stack }),
  });
}
