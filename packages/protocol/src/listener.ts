/**
 * A listening or bound socket, as the offer describes it.
 * @see spec/v1/listeners.md
 */
export interface Listener {
  /** What both generations call it: 1 to 64 bytes of UTF-8, unique in an offer. */
  readonly name: string;
  readonly address: Address;
  /** The descriptor number that the child accepts on. */
  readonly descriptor: number;
  /** A second descriptor of the same socket, which stays dormant in the child's custody. Absent: the child has only one. */
  readonly custody?: number;
  /** The socket's inode number in decimal digits, where the platform has one: it proves that the descriptor is this socket. */
  readonly inode?: string;
}

export type Address = TcpAddress | UnixAddress | UdpAddress;

/** `host` is a literal IPv4 or IPv6 address, as the kernel reports it; `port` is 1 to 65,535. */
export interface TcpAddress {
  readonly kind: "tcp";
  readonly host: string;
  readonly port: number;
  /** Whether the IPv6 wildcard, `::`, refuses IPv4; it means nothing with another host. Default: false. */
  readonly ipv6Only?: boolean;
}

/** `path` is absolute, 1 to 107 bytes; an abstract name starts with a NUL character. */
export interface UnixAddress {
  readonly kind: "unix";
  readonly path: string;
}

export interface UdpAddress {
  readonly kind: "udp";
  readonly host: string;
  readonly port: number;
  readonly ipv6Only?: boolean;
}

/** What became of a listener in the child. A changed address is one dropped and one created listener. */
export type Disposition =
  /** Offered, and adopted. */
  | "inherited"
  /** New in this generation. */
  | "created"
  /** Offered, and no longer wanted. */
  | "dropped";

export interface ListenerDisposition {
  readonly name: string;
  readonly disposition: Disposition;
}
