import { chmodSync, closeSync, statSync } from "node:fs";
import type { Server } from "node:net";
import { type Address, type Disposition, HandoffError, type Listener } from "@heirloom/protocol";
import { allowCloseEvent, closeListeningHandle, descriptorOf, netServer } from "../node-internals.js";
import type { Syscalls } from "../syscalls.js";
import { formatAddress } from "./address.js";
import type { ListenRequest } from "./options.js";
import type { StandIn } from "./stand-in.js";
import { pathIdentity, unpublish } from "./unix-path.js";

export interface HeldListenerOptions {
  readonly request: ListenRequest;
  readonly address: Address;
  readonly disposition: Exclude<Disposition, "dropped">;
  readonly server: Server;
  /** A dormant descriptor of the socket. Without one the socket lives in the accepting handle alone. */
  readonly custody: number | undefined;
  /** A further descriptor of the socket, for the first accept. */
  readonly spare?: number | undefined;
  /** What the listener was offered as, if it was. */
  readonly offered?: Listener | undefined;
  /** Whether the socket's path is somebody else's, and stays when the service ends. Default: false. */
  readonly keepsPath?: boolean;
}

/**
 * One listener of this generation: a server, and a socket that outlives the server's handle. Accepting uses one
 * descriptor up; custody keeps another, so that the socket can wait parked and be accepted on again.
 * @see spec/v1/listeners.md
 */
export class HeldListener {
  readonly name: string;
  readonly address: Address;
  readonly disposition: Exclude<Disposition, "dropped">;
  readonly server: Server;
  readonly offered: Listener | undefined;
  /** What the program sees of the server, where the program calls `listen()` itself. */
  standIn: StandIn | undefined;
  readonly #request: ListenRequest;
  readonly #identity: string | undefined;
  #custody: number | undefined;
  #spare: number | undefined;

  constructor({
    request,
    address,
    disposition,
    server,
    custody,
    spare,
    offered,
    keepsPath,
  }: HeldListenerOptions) {
    this.name = request.name;
    this.address = address;
    this.disposition = disposition;
    this.server = server;
    this.#request = request;
    this.#custody = custody;
    this.#spare = spare;
    this.offered = offered;
    this.#identity = address.kind === "unix" && !keepsPath ? pathIdentity(address.path) : undefined;
  }

  /** Whether the socket lives in the accepting handle alone. */
  get lacksCustody(): boolean {
    return this.#custody === undefined && descriptorOf(this.server) !== undefined;
  }

  /** The descriptor to give to a child, as often as the child needs it. */
  get descriptor(): number {
    const descriptor = this.#custody ?? descriptorOf(this.server);
    if (descriptor !== undefined) return descriptor;
    throw new HandoffError("LISTENER_INVALID", {
      message: `listener ${this.name} is not open any more: close its server only through the generation`,
    });
  }

  /** Accepts, on a spare descriptor or else on the one in custody, which `replenish` then replaces. */
  accept(): void {
    if (netServer.isListening(this.server) || this.standIn?.closed) return;
    const fd = this.#spare ?? this.#custody;
    if (fd === undefined) throw new Error(`listener ${this.name} has no descriptor left to accept on`);
    if (fd === this.#spare) this.#spare = undefined;
    else this.#custody = undefined;
    // Without a backlog, listen(2) would be called again with the default and shorten the queue for everybody. Node
    // takes it beside a descriptor only as an argument of its own: as an option it is ignored.
    netServer.listen.call(this.server, { fd }, this.#request.backlog);
    if (!netServer.isListening(this.server))
      throw new Error(`listener ${this.name} cannot be listened on as descriptor ${fd}`);
  }

  /** Gives the path the mode that was asked for, where it is this listener's still. @throws Error The system does not allow it */
  setMode(): void {
    const { mode } = this.#request;
    if (mode === undefined || this.#identity === undefined || pathIdentity(this.#path) !== this.#identity)
      return;
    if ((statSync(this.#path).mode & 0o777) !== mode) chmodSync(this.#path, mode);
  }

  /** Puts a copy of the accepting descriptor in custody, if there is none. */
  replenish({ duplicate }: Syscalls): void {
    const accepting = descriptorOf(this.server);
    if (this.#custody !== undefined || accepting === undefined) return;
    try {
      this.#custody = duplicate(accepting);
    } catch {
      // Out of descriptors: serving matters more than the way back that custody is.
    }
  }

  /** Stops accepting and keeps the socket; what is accepted is not touched. Without custody: goes on accepting. */
  park(): void {
    if (this.#custody !== undefined) this.stopAccepting();
  }

  /** Stops accepting. Without custody that gives the socket up. */
  stopAccepting(): void {
    if (netServer.isListening(this.server)) closeListeningHandle(this.server);
  }

  /** Gives up what waits parked. */
  release(): void {
    for (const descriptor of [this.#custody, this.#spare]) {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    this.#custody = undefined;
    this.#spare = undefined;
  }

  /** Stops accepting, gives the socket up, and removes its path: the service ends. */
  close(): void {
    this.stopAccepting();
    this.release();
    if (this.address.kind === "unix") unpublish(this.#path, this.#identity);
  }

  /** Lets the server emit `close`: nothing of it is left. */
  finish(): void {
    if (this.standIn?.closed) return;
    allowCloseEvent(this.server);
    if (this.standIn === undefined) this.server.close();
    else netServer.close.call(this.server);
  }

  /** Whether nothing has used up what was offered: another server can take it. */
  get isUntouched(): boolean {
    return this.offered !== undefined && this.#spare === this.offered.descriptor;
  }

  /** The program is done with this listener while the service goes on. Its server may still listen: that is closed as usual. */
  giveUp(): void {
    this.release();
    if (this.address.kind === "unix") unpublish(this.#path, this.#identity);
  }

  toString(): string {
    return `${this.name} (${formatAddress(this.address)})`;
  }

  get #path(): string {
    return this.address.kind === "unix" ? this.address.path : "";
  }
}
