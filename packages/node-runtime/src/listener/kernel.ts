import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import type { Address, UnixAddress } from "@heirloom/protocol";
import { formatAddress, isIPv6Literal, sameHost } from "./address.js";

/*
 * What the kernel says about a descriptor, asked without touching the socket. Linux lists its sockets in /proc by
 * inode number; other systems only tell whether a descriptor is a socket.
 */

/** The inode number of a socket in decimal digits; undefined where the descriptor is no socket. */
export function socketInode(descriptor: number): string | undefined {
  try {
    const stat = fstatSync(descriptor, { bigint: true });
    return stat.isSocket() ? String(stat.ino) : undefined;
  } catch {
    return undefined;
  }
}

/** Where a descriptor listens, as the kernel says; undefined where it does not, or where no table tells. */
export function listeningAddress(descriptor: number): Address | undefined {
  const inode = socketInode(descriptor);
  if (inode === undefined || process.platform !== "linux") return undefined;
  return tcpListener(inode, "tcp") ?? tcpListener(inode, "tcp6") ?? unixListener(inode);
}

/**
 * Whether a socket was bound under this very path: by somebody else, such as an init system, whose path it is. Sockets that
 * are bound here have a temporary name to the kernel.
 */
export function isBoundTo(descriptor: number, path: string): boolean {
  const inode = socketInode(descriptor);
  const bound = inode !== undefined && process.platform === "linux" ? unixListener(inode) : undefined;
  return bound?.kind === "unix" && bound.path === path;
}

/**
 * What speaks against a descriptor being the listening socket with this address; undefined where nothing does.
 * @throws Error where the kernel's table can't be read
 */
export function contradiction(descriptor: number, address: Address, inode?: string): string | undefined {
  const found = socketInode(descriptor);
  if (found === undefined) return `descriptor ${descriptor} is not an open socket`;
  if (process.platform !== "linux") return undefined;
  if (inode !== undefined && inode !== found) {
    return `descriptor ${descriptor} is socket ${found}, but the parent passed on socket ${inode}`;
  }
  const listening =
    address.kind === "unix"
      ? unixListener(found)
      : tcpListener(found, isIPv6Literal(address.host) ? "tcp6" : "tcp");
  if (listening === undefined) return `descriptor ${descriptor} is not a listening ${address.kind} socket`;
  if (!sameAddress(listening, address)) {
    return `descriptor ${descriptor} listens on ${formatAddress(listening)}, not on ${formatAddress(address)}`;
  }
  return undefined;
}

/** What speaks against a second descriptor being the same socket as the first; undefined where nothing does. */
export function difference(first: number, second: number | undefined): string | undefined {
  if (second === undefined) return undefined;
  const found = socketInode(second);
  if (found === undefined) return `descriptor ${second} is not an open socket`;
  if (process.platform !== "linux" || found === socketInode(first)) return undefined;
  return `descriptor ${second} is another socket than descriptor ${first}`;
}

function sameAddress(kernel: Address, offered: Address): boolean {
  if (kernel.kind === "unix" || offered.kind === "unix") {
    if (kernel.kind !== "unix" || offered.kind !== "unix") return false;
    // A published path is a second name of the socket: the kernel goes on reporting the name it was bound under.
    if (isAbstract(kernel) || isAbstract(offered)) return shown(kernel.path) === shown(offered.path);
    return true;
  }
  return kernel.kind === offered.kind && kernel.port === offered.port && sameHost(kernel.host, offered.host);
}

function isAbstract({ path }: UnixAddress): boolean {
  return path.startsWith("\0");
}

/** A name as the table shows it: every NUL as `@`. */
function shown(path: string): string {
  return path.replaceAll("\0", "@");
}

const listenState = "0A";

/** Columns of the table, counted from 0. */
const column = { local: 1, state: 3, inode: 9 };

/** Where the inode column ends at the earliest: looking before that would be in vain. */
const inodeEnd = { tcp: 92, tcp6: 140 };

function tcpListener(inode: string, table: "tcp" | "tcp6"): Address | undefined {
  const path = `/proc/self/net/${table}`;
  // A kernel that was booted without IPv6 has no table of it.
  if (table === "tcp6" && !existsSync(path)) return undefined;
  for (const row of listeningRows(path, inodeEnd[table])) {
    if (row[column.inode] !== inode) continue;
    const [host = "", port = ""] = row[column.local]?.split(":") ?? [];
    return { kind: "tcp", host: parseHost(host), port: Number.parseInt(port, 16) };
  }
  return undefined;
}

/**
 * The rows of listening sockets, which the table lists first. A read that runs past them walks the hash table of all
 * connections, which takes tens of milliseconds even where it is empty; so the file is read in pieces so small that
 * the last column of interest is known before its row ends.
 */
function* listeningRows(path: string, lengthMin: number): Generator<readonly string[]> {
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(16);
    let line = "";
    let header = true;
    let known = false;
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece)) {
      const [rest = "", next] = piece.toString("latin1", 0, size).split("\n", 2);
      line += rest;
      if (!header && !known && line.length > lengthMin) {
        const row = line.trim().split(/\s+/);
        known = row.length > column.inode + 1;
        if (known && row[column.state] !== listenState) return;
        if (known) yield row;
      }
      if (next === undefined) continue;
      line = next;
      header = false;
      known = false;
    }
  } finally {
    closeSync(file);
  }
}

/** `0100007F`, or four such words: each 32-bit word of the address in the byte order of this machine. */
function parseHost(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  for (let word = 0; word < bytes.length; word += 4) {
    if (isLittleEndian) bytes.subarray(word, word + 4).reverse();
  }
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return groups.join(":");
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The flag __SO_ACCEPTCON in the table's fourth column. */
const acceptsConnections = 0x10000;

function unixListener(inode: string): Address | undefined {
  for (const line of readFileSync("/proc/self/net/unix", "utf8").split("\n")) {
    const row = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+)(?: (.*))?$/.exec(line);
    if (row?.[2] !== inode || (Number.parseInt(row[1] ?? "", 16) & acceptsConnections) === 0) continue;
    const name = row[3] ?? "";
    // Node 20 fills abstract names up with NULs to their greatest length.
    return { kind: "unix", path: name.startsWith("@") ? `\0${name.slice(1).replace(/@+$/, "")}` : name };
  }
  return undefined;
}
